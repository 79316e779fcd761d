/**
 * `node .ci/with-postgres.mjs COMMAND…`: runs a command with KURIR_TEST_POSTGRES_URL set, so that the tests of the store
 * run on PostgreSQL too. Takes the server that the variable names, else the one that answers on 127.0.0.1:5432, else
 * starts one of its own in a temporary folder (Debian: apt-get install postgresql). Without any it fails: the tests must
 * not be left out unnoticed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'

const STANDARD = 'postgres://postgres@127.0.0.1:5432/test'
const OWN_PORT = '54329'

async function answers(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 })
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch (error) {
    console.error(`postgres: ${error.message || error.code}`)
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** The folder with the programs of the server: in the path, or where Debian puts them. */
function findPrograms() {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((left, right) => Number(right) - Number(left)) : []
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map(version => join(debian, version, 'bin')),
  ]
  return folders.find(folder => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl')))
}

/** Starts a server. @returns its URL and what stops it; undefined when there are no programs */
function start() {
  const programs = findPrograms()
  if (programs === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'kurir-postgres-'))
  const isRoot = process.getuid?.() === 0
  // The server refuses to run as root.
  if (isRoot) execFileSync('chown', ['postgres', folder])
  const run = (program, args) => {
    const command = [join(programs, program), ...args]
    const [name, ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command
    execFileSync(name, rest, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const data = join(folder, 'data')
  run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--encoding=UTF8', '--no-sync'])
  const options = `-p ${OWN_PORT} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`
  run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start'])
  const stop = () => {
    run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop'])
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: `postgres://postgres@127.0.0.1:${OWN_PORT}/postgres`, stop }
}

const named = process.env.KURIR_TEST_POSTGRES_URL
const found = named ?? ((await answers(STANDARD)) ? STANDARD : undefined)
const own = found === undefined ? start() : undefined
const url = found ?? own?.url
if (url === undefined) {
  console.error('postgres: none answers and none can be started: apt-get install postgresql')
  process.exit(1)
}
const [command, ...args] = process.argv.slice(2)
const { status } = spawnSync(command, args, {
  stdio: 'inherit',
  env: { ...process.env, KURIR_TEST_POSTGRES_URL: url },
})
own?.stop()
process.exit(status ?? 1)
