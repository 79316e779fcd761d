import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { parseStatusAudience } from './status-audience.js'

const list = (type: string, attrs: BinaryNode['attrs'], ...jids: string[]): BinaryNode => ({
  tag: 'list',
  attrs: { type, ...attrs },
  content: jids.map(jid => ({ tag: 'user', attrs: { jid } })),
})
const audienceOf = (...lists: BinaryNode[]) =>
  parseStatusAudience({ tag: 'iq', attrs: {}, content: [{ tag: 'privacy', attrs: {}, content: lists }] })

describe('the audience of the own status (docs/protocol/04, 5.5)', () => {
  it('is the list that is marked, else the first', () => {
    const [black, white] = [list('blacklist', {}, '1@lid'), list('whitelist', { default: 'true' }, '2@lid', '3@lid')]
    expect(audienceOf(black, white)).toEqual({ type: 'whitelist', users: ['2@lid', '3@lid'] })
    expect(audienceOf(black)).toEqual({ type: 'blacklist', users: ['1@lid'] })
  })

  it('is all contacts where nothing else is told', () => {
    const everybody = { type: 'contacts', users: [] }
    expect(audienceOf()).toEqual(everybody)
    expect(audienceOf(list('contacts', { default: 'true' }))).toEqual(everybody)
    expect(audienceOf(list('something new', {}, '1@lid'))).toEqual(everybody)
    expect(parseStatusAudience({ tag: 'iq', attrs: {} })).toEqual(everybody)
  })
})
