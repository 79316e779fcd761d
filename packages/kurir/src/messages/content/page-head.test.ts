import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPageHead } from './page-head.js'

const read = (html: string, contentType?: string) => readPageHead(Buffer.from(html), contentType)
const head = (inner: string) => `<!doctype html><html><head>${inner}</head><body></body></html>`

describe('the head of a page', () => {
  it('is read for Open Graph first, then for Twitter, then for plain HTML (docs/protocol/03, 7.12)', () => {
    const plain = '<title> Plain </title><meta name="description" content="plain">'
    const twitter = '<meta name="twitter:title" content="Twitter"><meta name="twitter:image" content="t.png">'
    const graph = `<meta property='og:title' content='Graph'/><meta content="/g.png" property=og:image>`
    expect(read(head(plain))).toEqual({ title: 'Plain', description: 'plain', image: undefined })
    expect(read(head(plain + twitter))).toMatchObject({ title: 'Twitter', image: 't.png' })
    expect(read(head(plain + twitter + graph))).toMatchObject({ title: 'Graph', image: '/g.png', description: 'plain' })
  })

  it('prefers the safe address of a picture', () => {
    const tags =
      '<meta property="og:image" content="http://a"><meta property="og:image:secure_url" content="https://a">'
    expect(read(head(tags)).image).toBe('https://a')
  })

  it('ends where the body begins', () => {
    expect(read('<head></head><title>late</title>').title).toBeUndefined()
    expect(read('<body><title>late</title>').title).toBeUndefined()
  })

  it('is not fooled by comments and scripts', () => {
    const html = '<!-- <title>no</title> --><script>"<title>no</title>"</script><TITLE>yes</TITLE>'
    expect(read(head(html)).title).toBe('yes')
  })

  it('decodes entities, once', () => {
    expect(read(head('<title>a &amp;amp; b &lt;c&gt; &#8364;&#x20ac; &bogus; &#0;</title>')).title).toBe(
      'a &amp; b <c> €€ &bogus; &#0;',
    )
  })

  it('follows the encoding that the header or the page names', () => {
    const latin = Buffer.from(head('<title>Käse</title>'), 'latin1')
    expect(readPageHead(latin, 'text/html; charset=ISO-8859-1').title).toBe('Käse')
    const marked = Buffer.from(head('<meta charset="windows-1252"><title>Käse</title>'), 'latin1')
    expect(readPageHead(marked).title).toBe('Käse')
    expect(read(head('<title>Käse</title>'), 'text/html; charset=no-such').title).toBe('Käse')
  })

  it('takes over little of much', () => {
    expect(read(head(`<title>${'x'.repeat(100_000)}</title>`)).title).toHaveLength(512)
    expect(read(head(`<meta name=description content="${'y'.repeat(100_000)}">`)).description).toHaveLength(1_024)
  })

  it('leaves out what is blank', () => {
    expect(read(head('<meta property="og:title" content="  "><title>Title</title>')).title).toBe('Title')
    expect(read('')).toEqual({ title: undefined, description: undefined, image: undefined })
  })

  it('may be anything', () => {
    const pieces = [
      '<meta ',
      'property=',
      '"',
      "'",
      '<title>',
      '</title',
      '<!--',
      '-->',
      '<script>',
      '&#x',
      '>',
      '/',
      '=',
    ]
    const soup = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 60 })
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(soup, html => void read(html)),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.string(), (bytes, type) => void readPageHead(bytes, type)),
    )
  })

  // Where reading took time by the square of the length, this would run into the test's deadline.
  it('is read once, whatever is left open', () => {
    for (const piece of ['<meta ', '<', '<title', '"', '<!--', '<script>', 'a=', '<meta a="', '& ', '<meta a = ']) {
      read(piece.repeat((512 * 1_024) / piece.length))
    }
  })
})
