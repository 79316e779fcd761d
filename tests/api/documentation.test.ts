import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Pages of the project itself; the protocol pages are about something else. */
const pages = [
  ...[
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'packages/kurir/README.md',
    'packages/simulator/README.md',
    'packages/store/README.md',
    'packages/remote/README.md',
    'packages/gateway/README.md',
  ],
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
  ...readdirSync(join(root, 'docs/decisions')).map(name => `docs/decisions/${name}`),
].map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const rooms = readdirSync(join(root, 'packages/kurir/src'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)

describe('the pages of the project', () => {
  it('link to what exists', () => {
    const broken = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .filter(([, target = '']) => !existsSync(join(root, dirname(path), target)))
        .map(([, target]) => `${path}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  it('name files that exist', () => {
    const broken = pages.flatMap(({ path, text }) => {
      const places = ['', dirname(path), 'packages/kurir/src', 'packages/remote/src', 'packages/gateway/src']
      return [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|cjs|json|md|proto))`/g)]
        .filter(([, name = '']) => !places.some(place => existsSync(join(root, place, name))))
        .map(([, name]) => `${path}: ${name}`)
    })
    expect(broken).toEqual([])
  })

  it('docs/architecture.md names every room', () => {
    const text = pages.find(({ path }) => path === 'docs/architecture.md')?.text ?? ''
    expect(rooms.filter(room => !text.includes(`\`${room}/\``))).toEqual([])
  })

  it('docs/decisions are numbered without a gap', () => {
    const numbers = readdirSync(join(root, 'docs/decisions')).map(name => Number(name.slice(0, 4)))
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1))
  })
})

/** What a sample may use without saying where it comes from. */
const surroundings = `
import type { Simulator as SimulatorClass } from '@kurir/simulator'
import type { Store } from '@kurir/store'
import type * as kurir from 'kurir'
declare global {
  const makeWASocket: typeof kurir.makeWASocket
  const KurirError: typeof kurir.KurirError
  const useMultiFileAuthState: typeof kurir.useMultiFileAuthState
  const auth: kurir.AuthenticationState
  const sock: kurir.WASocket
  const wa: SimulatorClass
  const store: Store
  function start(): void
  function expect(value: unknown): { toEqual(other: unknown): void }
}
`

describe('the samples of the pages', () => {
  // Inside the project, so that its packages are found.
  const folder = join(root, 'node_modules/.cache/documentation-samples')
  const samples = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/^( *)```ts\n([\s\S]*?)^ *```$/gm)].map((match, index) => ({
      file: `${path.replace(/\W/g, '-')}-${index + 1}.ts`,
      page: path,
      line: text.slice(0, match.index).split('\n').length,
      code: match[2] ?? '',
    })),
  )

  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'surroundings.d.ts'), surroundings)
    for (const { file, code } of samples) writeFileSync(join(folder, file), `${code}\nexport {}\n`)
    const compilerOptions = { rootDir: root, noUnusedLocals: false, noUnusedParameters: false }
    const extended = relative(folder, join(root, 'tsconfig.test.json'))
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: extended, compilerOptions, include: ['*.ts'], exclude: [] }),
    )
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('compile', async () => {
    expect(samples.length).toBeGreaterThan(5)
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const output = await new Promise<string>(resolve => {
      execFile(process.execPath, [compiler, '-p', folder], (_error, stdout) => resolve(stdout))
    })
    const complaints = output.split('\n').flatMap(line => {
      const sample = samples.find(({ file }) => line.startsWith(file) || line.includes(`/${file}`))
      return sample === undefined ? [] : [`${sample.page}:${sample.line} ${line.replace(/^.*?\(/, '(')}`]
    })
    expect(complaints).toEqual([])
  })
})
