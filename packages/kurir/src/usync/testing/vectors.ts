import { readFileSync } from 'node:fs'

export function readVectors<T>(name: string): T {
  const url = new URL(`../../../../../tests/fixtures/vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as T
}
