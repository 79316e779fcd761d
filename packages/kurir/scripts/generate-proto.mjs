/**
 * Compiles src/proto/schema/*.proto to src/proto/generated/codec.js and codec.d.ts (not committed) and copies both to
 * dist/proto/generated/, where the compiled library imports them. Does nothing when schema and generator are unchanged.
 *
 *   node packages/kurir/scripts/generate-proto.mjs [--force]
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const scripts = path.dirname(fileURLToPath(import.meta.url))
const room = path.join(scripts, '..', 'src', 'proto')
const outputs = [path.join(room, 'generated'), path.join(scripts, '..', 'dist', 'proto', 'generated')]

const sources = readSources(path.join(room, 'schema'), '.proto')
const hash = fingerprint([
  ...sources,
  ...readSources(path.join(scripts, 'proto'), '.mjs'),
  ...readSources(scripts, 'generate-proto.mjs'),
])

if (!process.argv.includes('--force') && isUpToDate()) {
  console.log('proto: up to date')
} else {
  // Only loaded when needed: reading the schema takes most of the time of a run.
  const [{ readSchema }, { emitCodec }, { emitTypes }] = await Promise.all([
    import('./proto/read-schema.mjs'),
    import('./proto/emit-codec.mjs'),
    import('./proto/emit-types.mjs'),
  ])
  const schema = readSchema(sources)
  const codec = `// ${hash}\n${emitCodec(schema)}`
  const types = `// ${hash}\n${emitTypes(schema)}`
  for (const folder of outputs) {
    mkdirSync(folder, { recursive: true })
    replaceFile(path.join(folder, 'codec.js'), codec)
    replaceFile(path.join(folder, 'codec.d.ts'), types)
  }
  console.log(
    `proto: ${schema.messages.length} messages, ${schema.enums.length} enums, ` +
      `codec.js ${Math.round(codec.length / 1024)} KiB, codec.d.ts ${Math.round(types.length / 1024)} KiB`,
  )
}

/** All files of a folder with this ending, sorted by name. */
function readSources(folder, ending) {
  return readdirSync(folder)
    .filter(name => name.endsWith(ending))
    .sort()
    .map(name => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }))
}

function fingerprint(files) {
  const digest = createHash('sha256')
  for (const { name, text } of files) digest.update(`${name}\0${text.length}\0${text}`)
  return digest.digest('hex')
}

function isUpToDate() {
  return outputs.every(folder =>
    ['codec.js', 'codec.d.ts'].every(name => firstLine(path.join(folder, name)) === `// ${hash}`),
  )
}

function firstLine(file) {
  try {
    const text = readFileSync(file, 'utf8')
    return text.slice(0, text.indexOf('\n'))
  } catch {
    return ''
  }
}

/** A reader (another build, a running test) never sees half a file. */
function replaceFile(file, text) {
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, file)
}
