/**
 * `node scripts/complete-lockfile.mjs`: adds the optional packages of other platforms that npm left out of
 * package-lock.json. npm drops them when they are missing from node_modules or from the registry in use, and then
 * `npm ci` refuses the file everywhere. Run it after changing dependencies.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = ['android', 'darwin', 'linux', 'win32', 'freebsd', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix']
const PROCESSORS = ['arm64', 'x64', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32']

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const { packages } = lock

/** Where npm may have put a dependency of the package at this path: beside it, or beside one of its parents. */
const placesFor = (path, name) => {
  const places = [`${path === '' ? '' : `${path}/`}node_modules/${name}`]
  const parent = path.lastIndexOf('/node_modules/')
  if (path === '') return places
  return [...places, ...placesFor(parent < 0 ? '' : path.slice(0, parent), name)]
}

const entryFor = (name, version, owner) => {
  const system = SYSTEMS.find(candidate => name.includes(candidate))
  const processor = PROCESSORS.find(candidate => name.includes(candidate)) ?? (name.includes('arm') ? 'arm' : undefined)
  const libc = name.includes('musl') ? 'musl' : system === 'linux' && name.includes('gnu') ? 'glibc' : undefined
  return {
    version,
    ...(processor && { cpu: [processor] }),
    dev: true,
    ...(libc && { libc: [libc] }),
    license: owner.license,
    optional: true,
    ...(system && { os: [system] }),
    ...(owner.engines?.node && { engines: { node: owner.engines.node } }),
  }
}

let added = 0
for (const [path, owner] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(owner.optionalDependencies ?? {})) {
    if (placesFor(path, name).some(place => packages[place])) continue
    packages[`node_modules/${name}`] = entryFor(name, range.replace(/^[\^~]/, ''), owner)
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([left], [right]) => left.localeCompare(right, 'en')))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} packages of other platforms added`)
