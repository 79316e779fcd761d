/**
 * What the head of an HTML page says about it, for link previews (docs/protocol/03, 7.12). The page is a stranger's: the
 * reader looks at each byte once, keeps little, and takes whatever comes.
 */
export interface PageHead {
  readonly title: string | undefined
  readonly description: string | undefined
  /** As written: may be relative. */
  readonly image: string | undefined
}

/** Longest texts that are taken over, in characters. */
const maxTitleLength = 512
const maxDescriptionLength = 1_024
const maxUrlLength = 2_048
/** Beginning of a page in which its encoding is looked for. */
const charsetWindow = 1_024

/** Names of `<meta>` in the order in which they are believed. */
const titleNames = ['og:title', 'twitter:title']
const descriptionNames = ['og:description', 'twitter:description', 'description']
const imageNames = ['og:image:secure_url', 'og:image:url', 'og:image', 'twitter:image', 'twitter:image:src']

/**
 * Reads the head of a page.
 *
 * @param bytes the beginning of the page
 * @param contentType header of the answer, which may name the encoding
 */
export function readPageHead(bytes: Uint8Array, contentType = ''): PageHead {
  const found = new Map<string, string>()
  for (const tag of tagsOfHead(decodePage(bytes, contentType))) {
    if (tag.name === 'title') {
      if (!found.has('title')) found.set('title', tag.text)
      continue
    }
    const name = (tag.attributes.get('property') ?? tag.attributes.get('name') ?? '').toLowerCase()
    const content = tag.attributes.get('content') ?? ''
    if (name !== '' && name !== 'title' && content.trim() !== '' && !found.has(name)) found.set(name, content)
  }
  const first = (names: readonly string[], limit: number) =>
    tidy(
      names.map(name => found.get(name)).find(value => value !== undefined && tidy(value, limit) !== ''),
      limit,
    ) || undefined
  return {
    title: first([...titleNames, 'title'], maxTitleLength),
    description: first(descriptionNames, maxDescriptionLength),
    image: first(imageNames, maxUrlLength),
  }
}

/** One line without white space around, and no longer than `limit`. */
function tidy(text: string | undefined, limit: number): string {
  if (text === undefined) return ''
  const line = decodeEntities(text.slice(0, limit * 8))
    .replace(/\s+/g, ' ')
    .trim()
  // Through bytes and back: halves of characters become replacement characters.
  return Buffer.from(line.slice(0, limit)).toString()
}

// ─── encoding ────────────────────────────────────────────────────────────────

function decodePage(bytes: Uint8Array, contentType: string): string {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, charsetWindow)).toString(
    'latin1',
  )
  const label = charsetIn(contentType) ?? charsetIn(start) ?? 'utf-8'
  try {
    return new TextDecoder(label).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

function charsetIn(text: string): string | undefined {
  return /charset\s{0,8}=\s{0,8}["']?([\w:.-]{1,40})/i.exec(text)?.[1]
}

// ─── tags ────────────────────────────────────────────────────────────────────

type Tag =
  | { readonly name: 'title'; readonly text: string }
  | { readonly name: 'meta'; readonly attributes: ReadonlyMap<string, string> }

/** Elements whose content is no markup. */
const rawElements: ReadonlySet<string> = new Set(['script', 'style', 'noscript', 'template', 'svg'])

function* tagsOfHead(html: string): Generator<Tag> {
  const lower = html.toLowerCase()
  let position = lower.indexOf('<')
  while (position !== -1) {
    if (lower.startsWith('<!--', position)) {
      position = next(lower, '-->', position + 4)
      continue
    }
    const name = /^[a-z]{1,16}/.exec(lower.slice(position + 1, position + 17))?.[0]
    if (lower.startsWith('</head', position) || name === 'body') return
    if (name === undefined) {
      position = lower.indexOf('<', position + 1)
      continue
    }
    const tag = readAttributes(html, position + 1 + name.length)
    if (name === 'meta') yield { name, attributes: tag.attributes }
    if (name === 'title') {
      const end = lower.indexOf('</title', tag.end)
      yield { name, text: html.slice(tag.end, end === -1 ? tag.end + maxTitleLength : end) }
    }
    position = rawElements.has(name) ? next(lower, `</${name}`, tag.end) : lower.indexOf('<', tag.end)
  }
}

/** The next tag after a closing text; the end when that never comes. */
function next(lower: string, closing: string, from: number): number {
  const end = lower.indexOf(closing, from)
  return end === -1 ? -1 : lower.indexOf('<', end + closing.length)
}

/** Attributes from inside a tag up to its `>`; names in lower case. */
function readAttributes(html: string, from: number): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>()
  const name = /[^\s"'<>/=]+/y
  const value = /\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))?/y
  let position = from
  while (position < html.length) {
    const character = html[position]
    if (character === '>') return { attributes, end: position + 1 }
    name.lastIndex = position
    const found = name.exec(html)?.[0]
    if (found === undefined) {
      position += 1
      continue
    }
    position += found.length
    value.lastIndex = position
    const assigned = value.exec(html)
    if (assigned) position += assigned[0].length
    const given = assigned?.[1] ?? assigned?.[2] ?? assigned?.[3] ?? ''
    if (attributes.size < 32 && !attributes.has(found.toLowerCase())) attributes.set(found.toLowerCase(), given)
  }
  return { attributes, end: html.length }
}

// ─── entities ────────────────────────────────────────────────────────────────

const entities: { readonly [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  laquo: '«',
  raquo: '»',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  middot: '·',
  bull: '•',
  copy: '©',
  reg: '®',
  trade: '™',
  euro: '€',
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return entities[name.toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
