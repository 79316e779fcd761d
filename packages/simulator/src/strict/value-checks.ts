import type { BinaryNode } from 'kurir/binary'

/** Says whether an attribute value or the content of a node is of a type that the schema names. */
export type ValueCheck = (value: string) => boolean
export type ContentCheck = (content: BinaryNode['content']) => boolean

const matching =
  (pattern: RegExp): ValueCheck =>
  value =>
    pattern.test(value)

const USER = /^[^:@_]+@(?:s\.whatsapp\.net|lid|bot|hosted|hosted\.lid|interop|c\.us)$/
const DEVICE = /^[^:@_]+(?::\d{1,3})?@(?:s\.whatsapp\.net|lid|bot|hosted|hosted\.lid|interop|c\.us)$/
const DECIMAL = /^\d{1,20}$/

const CHECKS: Readonly<Record<string, ValueCheck>> = {
  id: value => value.length >= 1 && value.length <= 128,
  text: () => true,
  int: matching(DECIMAL),
  sec: matching(/^\d{1,11}$/),
  ms: matching(/^\d{1,14}$/),
  bool: value => value === 'true' || value === 'false',
  user: matching(USER),
  pn: matching(/^\d+@s\.whatsapp\.net$/),
  lid: matching(/^\d+@lid$/),
  device: matching(DEVICE),
  group: matching(/^[\d-]+@g\.us$/),
  gus: value => value === 'g.us' || value === '@g.us',
  newsletter: matching(/^\d+@newsletter$/),
  blist: matching(/^\d+@broadcast$/),
  jid: matching(/^[^@]*@?[a-z.]+$/),
  S: value => value === 's.whatsapp.net' || value === '@s.whatsapp.net',
  callsrv: value => value === 'call' || value === '@call',
  callid: matching(/^[0-9A-F]{32}$/),
  b64: matching(/^[A-Za-z0-9+/]*={0,2}$/),
}

/** The check behind a type of the schema: a name, `=v|w` for a set of values, or `int[a..b]`. */
export const valueCheck = (type: string): ValueCheck => {
  if (type.startsWith('=')) {
    const allowed = new Set(type.slice(1).split('|'))
    return value => allowed.has(value)
  }
  const range = /^int\[(\d+)\.\.(\d+)\]$/.exec(type)
  if (range !== null) {
    const [minimum, maximum] = [Number(range[1]), Number(range[2])]
    return value => DECIMAL.test(value) && Number(value) >= minimum && Number(value) <= maximum
  }
  if (type === 'group or gus') return value => CHECKS['group']?.(value) === true || CHECKS['gus']?.(value) === true
  const check = CHECKS[type]
  if (check === undefined) throw new RangeError(`The stanza schema names an unknown type: ${type}`)
  return check
}

/** Bytes of content that is no list; packed and token strings are legal content and count as their text. */
const contentLength = (content: BinaryNode['content']): number =>
  content === undefined ? 0 : typeof content === 'string' ? Buffer.byteLength(content) : content.length

const isLeaf = (content: BinaryNode['content']): boolean => !Array.isArray(content)

/** The check for the content of a node; without a type there must be none. */
export const contentCheck = (type: string | undefined): ContentCheck => {
  if (type === undefined) return content => contentLength(content) === 0
  if (type === 'any' || type === 'txt?') return type === 'any' ? () => true : isLeaf
  if (type === 'txt') return content => isLeaf(content) && content !== undefined
  if (type === 'bytes') return content => isLeaf(content) && contentLength(content) > 0
  if (type.startsWith('=')) {
    const check = valueCheck(type)
    return content => isLeaf(content) && content !== undefined && check(textOf(content))
  }
  const exact = /^bytes\((\d+)(?:\.\.(\d+))?\)$/.exec(type)
  if (exact === null) throw new RangeError(`The stanza schema names an unknown content type: ${type}`)
  const minimum = Number(exact[1])
  const maximum = exact[2] === undefined ? minimum : Number(exact[2])
  return content => {
    const length = contentLength(content)
    return isLeaf(content) && length >= minimum && length <= maximum
  }
}

const textOf = (content: BinaryNode['content']): string =>
  typeof content === 'string' ? content : content instanceof Uint8Array ? Buffer.from(content).toString() : ''
