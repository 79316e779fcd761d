import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** What is loaded when it is first used (docs/decisions/0004). */
const lazy = ['child_process', 'dgram', 'dns', 'http', 'https', 'net', 'tls', 'zlib']

/** The names of Node's modules that importing a module has loaded besides those of a bare process. */
function loadedBy(specifier: string): string[] {
  const program = `
    const before = new Set(process.moduleLoadList)
    await import('${specifier}')
    console.log(JSON.stringify(process.moduleLoadList.filter(name => !before.has(name))))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  return (JSON.parse(output) as string[]).map(name => name.replace(/^NativeModule /, ''))
}

describe('importing the built library', () => {
  it('does not load what few programs need at once', () => {
    const loaded = loadedBy('kurir')
    expect(loaded).toContain('crypto')
    expect(loaded.filter(name => lazy.includes(name))).toEqual([])
  })
})
