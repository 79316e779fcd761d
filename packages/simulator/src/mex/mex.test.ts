import { readFileSync } from 'node:fs'
import { getBinaryNodeChild } from 'kurir/binary'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Phone } from '../phone/phone.js'
import { element, textOf } from '../router/stanzas.js'
import { Simulator } from '../simulator.js'
import { Companion } from '../testing/companion.js'
import { variablesMisfit } from './mex-variables.js'

let wa: Simulator
let phone: Phone
let companion: Companion

const start = async (validation: 'strict' | 'lenient') => {
  phone = await wa.phone(validation === 'strict' ? '6281110001' : '6281110002', { validation })
  companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, phone)
}

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'mex' })
  await start('strict')
})

afterEach(async () => {
  await companion.close()
  await wa.stop()
})

const ask = async (queryId: string, variables: unknown, body = JSON.stringify({ variables })) => {
  const query = element('query', { query_id: queryId }, Buffer.from(body))
  const answer = await companion.query({ xmlns: 'w:mex', type: 'get' }, [query])
  return JSON.parse(textOf(getBinaryNodeChild(answer, 'result')) ?? '{}')
}
const refused = (code: number) => ({ data: null, errors: [{ extensions: { error_code: code } }] })
const complaints = () => wa.violations.map(({ message }) => message)

const CREATE = '25149874324715067'
const OLD_CREATE = '8823471724422422'

describe('GraphQL documents (docs/protocol/05 §4.1, §6.5)', () => {
  it('are those of the facts', () => {
    const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).operations
    const facts = read('../../../../tests/fixtures/data/mex-operations.json')
    const ours: object[] = read('../../data/mex-operations.json')
    expect(ours).toHaveLength(facts.length)
    for (const [index, operation] of ours.entries()) expect(facts[index]).toMatchObject(operation)
  })

  it('are answered under their root', async () => {
    const { data } = await ask(CREATE, { input: { name: 'News' } })
    expect(data.xwa2_newsletter_create).toMatchObject({
      thread_metadata: { name: { text: 'News' }, picture: null },
      viewer_metadata: { role: 'OWNER' },
    })
    expect(wa.violations).toEqual([])
  })

  it('are refused when the present client does not have them, or not with these variables', async () => {
    expect(await ask('1', {})).toMatchObject(refused(400))
    expect(await ask(OLD_CREATE, { input: { name: 'News' } })).toMatchObject(refused(400))
    expect(await ask(CREATE, { input: { name: 'News', owner: 'me' } })).toMatchObject(refused(400))
    expect(await ask(CREATE, { newsletter_input: { name: 'News' } })).toMatchObject(refused(400))
    // Known, but nothing here serves it: no fault of the client.
    expect(await ask('9849510985088294', { url_domains: ['a.example'] })).toMatchObject(refused(400))
    expect(complaints()).toEqual([
      'the present client has no GraphQL document with this number',
      'the present client has no GraphQL document with this number',
      'CreateNewsletter: variables.input has no member owner',
      'CreateNewsletter: variables has no member newsletter_input',
    ])
  })

  it('want JSON', async () => {
    expect(await ask(CREATE, undefined, '{')).toEqual({})
    expect(complaints()).toEqual(['a GraphQL question is JSON with variables'])
  })

  it('of Baileys are answered in their own shape, for lenient accounts', async () => {
    await companion.close()
    await start('lenient')
    const { data } = await ask(OLD_CREATE, { input: { name: 'News', description: null } })
    const { id, viewer_metadata, thread_metadata } = data.xwa2_newsletter_create
    expect(viewer_metadata).toEqual({ role: 'OWNER', mute: 'OFF' })
    expect(thread_metadata.picture).toMatchObject({ id: '', direct_path: '' })
    expect(await ask('29766401636284406', { newsletter_id: id })).toMatchObject({
      data: { xwa2_newsletter_mute_v2: { id, viewer_metadata: { mute: 'ON' } } },
    })
    expect(wa.violations).toEqual([])
  })
})

describe('variables', () => {
  it.each([
    [{ a: 'x' }, { a: 'str' }, undefined],
    [{ a: 7 }, { a: 'str' }, 'variables.a is a string'],
    [{ a: null }, { a: 'str' }, 'variables.a is not null'],
    [{ a: null }, { a: 'str? (base64 JPEG; empty removes)' }, undefined],
    [{ a: 'C' }, { a: 'enum(A|B)' }, 'variables.a is one of A|B'],
    [{ a: ['x', 1] }, { a: ['str'] }, 'variables.a[1] is a string'],
    [{ a: 'x' }, { a: ['str'] }, 'variables.a is a list'],
    [{ a: { b: true } }, { a: { b: 'num' } }, 'variables.a.b is a number'],
    [[], { a: 'str' }, 'variables is an object'],
    [{ constructor: 1 }, { a: 'str' }, 'variables has no member constructor'],
    [{ a: {} }, { a: 'any' }, undefined],
  ])('%j against %j', (value, shape, misfit) => {
    expect(variablesMisfit(value, shape)).toBe(misfit)
  })
})
