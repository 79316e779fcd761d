import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** What is known of a code: from the sources, or from its row in docs/errors.md. */
interface Entry {
  readonly classes: Set<string>
  /** Status numbers that are written out. */
  readonly statuses: Set<string>
  readonly retryable: Set<string>
}

const sources = new Map(
  readdirSync(join(root, 'packages'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .filter(path => /^packages\/[^/]+\/src\//.test(path) && !/\.test\.ts$|\/(testing|generated)\//.test(path))
    .map(path => [path, readFileSync(join(root, path), 'utf8')]),
)

/** KurirError and everything that extends it, directly or not. */
const classes = new Set(['KurirError'])
for (let before = 0; before !== classes.size; ) {
  before = classes.size
  for (const text of sources.values()) {
    for (const [, name = '', base = ''] of text.matchAll(/class (\w+) extends (\w+)/g)) {
      if (classes.has(base)) classes.add(name)
    }
  }
}

/** Codes that are not written where the error is made, and where to find them. */
const indirect: Readonly<Record<string, { readonly className: string; codes(text: string): string[] }>> = {
  'messages/ack-verdict.ts': { className: 'KurirError', codes: text => all(text, /\bcode: '([a-z0-9-]+)'/g) },
  'noise/certificate.ts': {
    className: 'KurirError',
    codes: text =>
      all(section(text, 'type Defect =', '\n\n'), /'([a-z-]+)'/g).map(defect => `noise-certificate-${defect}`),
  },
  'signal/signal-error.ts': { className: 'SignalError', codes: text => all(text, /^ {2}'([a-z-]+)': \{/gm) },
  'socket/connection-errors.ts': {
    className: 'ConnectionError',
    codes: text => all(section(text, 'FAILURE_CODES', '\n}'), /'([a-z-]+)'/g),
  },
}
/** Their first argument is not a code, or one that the table of `signal/signal-error.ts` holds. */
const classesThatChoose = new Set(['GroupRefusal', 'NodeEncodeError', 'ServerRefusal', 'StanzaError', 'SignalError'])
const statusOfClass: Readonly<Record<string, string>> = {
  SignalError: '400',
  NodeDecodeError: '400',
  NodeEncodeError: '400',
}

const section = (text: string, from: string, to: string) => text.split(from)[1]?.split(to)[0] ?? ''

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, group]) => group ?? [])
}

/** The arguments that begin at `start`, split at the commas of the outermost level. */
function argumentsAt(text: string, start: number): string[] {
  const list = ['']
  let depth = 0
  let quote = ''
  for (let index = start; index < text.length; index += 1) {
    const character = text[index] ?? ''
    if (quote !== '') {
      if (character === '\\') list.push(`${list.pop()}${text[index++] ?? ''}`)
      else if (character === quote) quote = ''
    } else if (`'"\``.includes(character)) quote = character
    else if ('([{'.includes(character)) depth += 1
    else if (')]}'.includes(character)) {
      if (depth === 0) break
      depth -= 1
    } else if (character === ',' && depth === 0) {
      list.push('')
      continue
    }
    list.push(`${list.pop()}${text[index]}`)
  }
  return list.map(argument => argument.trim()).filter(argument => argument !== '')
}

const literals = (expression: string) => all(expression, /'([a-z0-9]+(?:-[a-z0-9]+)*)'/g)

/** Every code that the sources can put on an error; what cannot be told ends up in `unclear`. */
function scan(): { codes: Map<string, Entry>; unclear: string[] } {
  const codes = new Map<string, Entry>()
  const unclear: string[] = []
  const add = (code: string, className: string, options: string) => {
    const entry = codes.get(code) ?? { classes: new Set(), statuses: new Set(), retryable: new Set() }
    codes.set(code, entry)
    entry.classes.add(className)
    const status = statusOfClass[className] ?? /\bstatusCode: (\d+)/.exec(options)?.[1]
    if (status !== undefined) entry.statuses.add(status)
    else if (!/\bstatusCode\b|^\.\.\./.test(options) && !classesThatChoose.has(className)) entry.statuses.add('500')
    entry.retryable.add(/\bretryable: true/.test(options) ? 'yes' : /\bretryable:/.test(options) ? 'varies' : 'no')
  }
  const made = new RegExp(String.raw`\bnew (${[...classes].join('|')})(?:<[^(]*?>)?\(`, 'g')
  for (const [path, text] of sources) {
    const special = Object.entries(indirect).find(([file]) => path.endsWith(`/src/${file}`))?.[1]
    for (const code of special?.codes(text) ?? []) add(code, special?.className ?? '', 'statusCode:, retryable:')
    for (const match of text.matchAll(made)) {
      const [, className = ''] = match
      const [first = '', ...rest] = argumentsAt(text, match.index + match[0].length)
      const options = rest.at(-1) ?? ''
      const named = literals(first)
      if (classesThatChoose.has(className) && className !== 'SignalError') continue
      for (const code of named) add(code, className, options)
      if (named.length === 0 && special === undefined && className !== 'SignalError') unclear.push(`${path}: ${first}`)
    }
    for (const match of text.matchAll(/class (\w+) extends (\w+)[\s\S]*?\bsuper\(/g)) {
      const [, className = '', base = ''] = match
      if (!classes.has(base)) continue
      const [first = '', ...rest] = argumentsAt(text, match.index + match[0].length)
      for (const code of literals(first.replace(/=== '[^']*'/, ''))) add(code, className, rest.at(-1) ?? '')
    }
  }
  return { codes, unclear }
}

/** The rows of docs/errors.md. */
function documented(): Map<string, Entry> {
  const rows = new Map<string, Entry>()
  for (const [, code = '', ...cells] of readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(
    /^\| `([a-z0-9-]+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \| [^|]+ \| [^|]+ \|$/gm,
  )) {
    if (rows.has(code)) throw new Error(`docs/errors.md lists ${code} twice`)
    const [classNames = new Set<string>(), statuses = new Set<string>(), retryable = new Set<string>()] = cells.map(
      cell => new Set(cell.split(', ')),
    )
    rows.set(code, { classes: classNames, statuses, retryable })
  }
  return rows
}

describe('docs/errors.md', () => {
  const { codes, unclear } = scan()
  const rows = documented()

  it('can be checked: every error is made with a code that can be read from the source', () => {
    expect(unclear).toEqual([])
    expect(codes.size).toBeGreaterThan(100)
  })

  it('lists every code of the sources, and no other', () => {
    expect({
      missing: [...codes.keys()].filter(code => !rows.has(code)).sort(),
      unused: [...rows.keys()].filter(code => !codes.has(code)).sort(),
    }).toEqual({ missing: [], unused: [] })
  })

  it('names the classes', () => {
    const described = (entries: Map<string, Entry>) =>
      [...entries].map(([code, entry]) => `${code}: ${[...entry.classes].sort().join(', ')}`).sort()
    expect(described(rows)).toEqual(described(codes))
  })

  it('names every status number that the sources write out', () => {
    const lacking = [...codes].flatMap(([code, { statuses }]) =>
      [...statuses].filter(status => !rows.get(code)?.statuses.has(status)).map(status => `${code}: ${status}`),
    )
    expect(lacking).toEqual([])
  })

  it('says which errors are worth another try', () => {
    for (const [code, { retryable }] of codes) {
      const said = [...(rows.get(code)?.retryable ?? [])]
      if (retryable.size > 1 || retryable.has('varies')) expect([code, said.length]).toEqual([code, 1])
      else expect([code, said]).toEqual([code, [...retryable]])
    }
  })
})
