/**
 * Bundles the compiled library: loading 250 small modules costs three times the time and twice the memory of loading
 * the same code from one file (docs/decisions/0004). `kurir` itself is one file; the rooms (`kurir/binary` …) are built
 * beside it and share their chunks.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const rooms = readdirSync(dist, { withFileTypes: true })
  .filter(({ name }) => name !== 'bundle' && existsSync(`${dist}${name}/index.js`))
  .map(({ name }) => name)

const shared = {
  outdir: `${dist}bundle`,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  legalComments: 'none',
  // A third less source text to keep in memory. Names stay as they are, so stack traces can be read; the line limit keeps
  // their positions useful without the source map.
  minifyWhitespace: true,
  // 2 to 3 MB less in a process that has imported the library (docs/decisions/0004).
  minifySyntax: true,
  lineLimit: 160,
  logLevel: 'warning',
}

rmSync(`${dist}bundle`, { recursive: true, force: true })
await build({ ...shared, entryPoints: { index: `${dist}index.js` } })
await build({
  ...shared,
  entryPoints: Object.fromEntries(rooms.map(room => [room, `${dist}${room}/index.js`])),
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
})
