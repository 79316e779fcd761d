import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Files that arguments name by path or `file:` URL lie on this machine: they are read here and travel as streams. A file
 * is an object with `url` as its only member; URLs of http, https and data stay as they are.
 */
export function withLocalFiles(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 8) return value
  if (Array.isArray(value)) return value.map(item => withLocalFiles(item, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const path = localPath(value)
  // Opened when the gateway asks for it: a call that is refused leaves no file open.
  if (path !== undefined) return { stream: readLater(path) }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withLocalFiles(item, depth + 1)]))
}

function localPath(value: object): string | undefined {
  const [name, ...others] = Object.keys(value)
  if (name !== 'url' || others.length > 0) return undefined
  const url: unknown = Reflect.get(value, 'url')
  if (typeof url !== 'string' && !(url instanceof URL)) return undefined
  const text = String(url)
  if (text.startsWith('file:')) return fileURLToPath(text)
  return /^(https?|data):/i.test(text) ? undefined : text
}

function readLater(path: string): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => createReadStream(path)[Symbol.asyncIterator]() }
}
