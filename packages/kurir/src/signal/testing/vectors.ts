import { readFileSync } from 'node:fs'

/** Reads a test vector file of `tests/fixtures/vectors`. */
export function readVectors<T>(name: string): T {
  return JSON.parse(
    readFileSync(new URL(`../../../../../tests/fixtures/vectors/${name}`, import.meta.url), 'utf8'),
  ) as T
}

export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
