import { type BinaryNode, initAuthCreds, makeMemoryAuthState } from 'kurir'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { png } from '../kinds/files.js'
import { type Call, comparable, nodeOf, plain, type VectorCase, vectorCases } from './support/chats-vectors.js'
import { KurirClient, rejection } from './support/kurir-client.js'
import { resultOf, type ScriptedConnection, ScriptedService } from './support/scripted-service.js'

/**
 * The calls and stanzas of docs/protocol/04, 4 to 6, as Baileys was recorded with them, played to a Kurir client.
 * Every case is here: played, or named with where it is tested instead.
 */

/** Cases whose subject has tests of its own. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  'app state and dirty bits': [
    'cleanDirtyBits',
    'cleanDirtyBits-no-timestamp',
    'chatModify-no-key',
    'server_sync',
    'server-abprops',
    'dirty-account_sync-first',
    'dirty-account_sync-next',
    'dirty-groups',
    'dirty-syncd',
    'connection-open',
  ],
  prekeys: ['encrypt-count-ok'],
  calls: ['createCallLink-video', 'createCallLink-audio-event'],
  'media that is uploaded again': ['mediaretry-error', 'mediaretry-missing'],
  business: ['getBusinessProfile', 'getBusinessProfile-none'],
  channels: [
    'mex-newsletter-update-legacy',
    'mex-newsletter-promote-legacy',
    'newsletter-reaction',
    'newsletter-view',
    'newsletter-participant',
    'newsletter-update',
    'newsletter-live-updates',
  ],
}
const handledElsewhere = new Set(Object.values(elsewhere).flat())

const ME = { id: '5511777770000:3@s.whatsapp.net', lid: '999888777666555:3@lid', name: 'Me @ Home' }
const tokenTime = String(Math.floor(Date.now() / 1000) - 60)
const ANA = '5511999990000@s.whatsapp.net'
const ANA_LID = '111222333444555@lid'

const iq = (xmlns: string, type: string, ...content: unknown[]) => ({
  tag: 'iq',
  attrs: { xmlns, to: 's.whatsapp.net', type, id: '<id>' },
  content,
})
const element = (tag: string, attrs: Record<string, string>, content: unknown = []) => ({ tag, attrs, content })
const blocklistGet = iq('blocklist', 'get')
const blocklistSet = (item: Record<string, string>) => iq('blocklist', 'set', element('item', item))
const accountSyncAck = element('ack', {
  id: 'N1',
  to: '5511777770000@s.whatsapp.net',
  class: 'notification',
  type: 'account_sync',
})
const numberQuery = (...numbers: string[]) =>
  iq(
    'usync',
    'get',
    element('usync', { context: 'interactive', mode: 'query', sid: '<sid>', last: 'true', index: '0' }, [
      element('query', {}, [element('contact', {}), element('lid', {})]),
      element(
        'list',
        {},
        numbers.map(number => element('user', {}, [element('contact', {}, Buffer.from(number).toString('hex'))])),
      ),
    ]),
  )

/** What Kurir does otherwise, and why. */
interface Difference {
  readonly why: string
  readonly sent?: readonly unknown[]
  readonly events?: VectorCase['events']
  readonly error?: { readonly message: string; readonly statusCode: number }
  readonly resolves?: true
}

const told = (update: object): VectorCase['events'] => [
  ['contacts.update', [{ id: ANA, lid: ANA_LID, phoneNumber: ANA, ...update }]],
]
const bothNames = 'both names of a person are told where they are known'
const notIgnored = 'Baileys ignores it; docs/protocol/04, 4.9 to 4.11 say what others do'
const GROUP = '120363000000000001@g.us'
const withoutFrom = (to: string, state: string, attrs: Record<string, string> = {}): Difference => ({
  why: 'the present web client names no sender (data/message-stanza-schema.json)',
  sent: [element('chatstate', { to }, [element(state, attrs)])],
})
const withoutId = (to: string, content: unknown[] = []): Difference => ({
  why: 'the present web client gives it no id (docs/protocol/04, 4.7)',
  sent: [element('presence', { to, type: 'subscribe' }, content)],
})
const groupPicture: Difference = {
  why: 'acks name the participant in the types that the present web client knows (docs/protocol/04, 4.8)',
  sent: [element('ack', { id: 'N1', to: GROUP, class: 'notification', type: 'picture' })],
}
const differences: Readonly<Record<string, Difference>> = {
  'profilePictureUrl-denied': {
    why: 'the code of the service is the status too (docs/protocol/06 §8)',
    error: { statusCode: 401, message: 'not-authorized' },
  },
  'updateBlockStatus-unknown-lid': {
    why: 'somebody can be blocked whose number is not known (docs/protocol/04, 10.1)',
    resolves: true,
    sent: [blocklistSet({ action: 'block', jid: '333@lid', unknown_identifier: 'true' })],
  },
  onWhatsApp: {
    why: 'the LID is asked for at the same time, so that no message has to wait for it',
    sent: [numberQuery('+5511999990000', '+5511888880000')],
  },
  'sendPresenceUpdate-composing': withoutFrom(ANA, 'composing'),
  'sendPresenceUpdate-recording-lid': withoutFrom(ANA_LID, 'composing', { media: 'audio' }),
  'sendPresenceUpdate-paused': withoutFrom(GROUP, 'paused'),
  presenceSubscribe: withoutId(ANA),
  'presenceSubscribe-token': withoutId(ANA, [element('tctoken', { t: tokenTime }, '0a0b0c')]),
  'presenceSubscribe-group': withoutId(GROUP),
  'picture-set-user': { why: bothNames, events: told({ imgUrl: 'changed' }) },
  'picture-delete-user': { why: bothNames, events: told({ imgUrl: 'removed' }) },
  'offline-notification': { why: bothNames, events: told({ imgUrl: 'changed' }) },
  'picture-set-group': groupPicture,
  'picture-delete-group': groupPicture,
  'status-about': { why: notIgnored, events: told({ status: 'new about', notify: 'Ana' }) },
  'contacts-update': { why: notIgnored, events: told({ imgUrl: 'changed' }) },
  'contacts-modify': {
    why: notIgnored,
    events: [['contacts.update', [{ id: '222@lid', lid: '222@lid', phoneNumber: '5511888880000@s.whatsapp.net' }]]],
  },
  'disappearing_mode-contact': {
    why: notIgnored,
    events: told({ disappearingMode: { duration: 86_400, setAt: '1970-01-01T00:00:01.000Z' } }),
  },
  'account_sync-blocklist-no-payload': {
    why: 'without items the list is asked for (docs/protocol/04, 4.10)',
    sent: [blocklistGet, accountSyncAck],
  },
}

const cases = [...vectorCases('04-stanzas'), ...vectorCases('04-notifications')]
const played = cases.filter(({ id }) => !handledElsewhere.has(id))

let service: ScriptedService
let client: KurirClient
let connection: ScriptedConnection
let answers: ((request: BinaryNode) => BinaryNode | undefined) | undefined
let stanzasBefore = 0
let eventsBefore = 0

beforeAll(async () => {
  service = await ScriptedService.start({ answer: request => answers?.(request) })
  const auth = makeMemoryAuthState({
    ...initAuthCreds(),
    me: ME,
    accountSettings: { unarchiveChats: true },
  }).state
  const config = { fireInitQueries: false, markOnlineOnConnect: false }
  client = new KurirClient(service, { auth, config })
  await client.reconnect()
  connection = await service.connection()
  // The last question after a login.
  await connection.request('encrypt', 'digest')
  await client.socket.signalRepository.lidMapping.storeLIDPNMappings([{ lid: ANA_LID, pn: ANA }])
})
afterAll(async () => {
  await client.socket.end(undefined)
  await service.stop()
})

/** Everything that was sent before has arrived at the service after this, and everything it sent has been read. */
const roundTrip = (): Promise<BinaryNode> =>
  client.socket.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'round-trip', id: 'trip' } })

beforeEach(async () => {
  answers = undefined
  client.auth.creds.me = { ...ME }
  client.auth.creds.accountSettings = { unarchiveChats: true }
  await client.auth.keys.set({ tctoken: { [ANA_LID]: null } })
  await roundTrip()
  begin()
})

/** What comes from here on counts. */
const begin = (): void => {
  stanzasBefore = connection.stanzas.length
  eventsBefore = client.events.length
}

const isOwnStanza = (node: BinaryNode): boolean => node.attrs['xmlns'] !== 'round-trip' && node.tag !== 'ib'
const sent = (): unknown[] => connection.stanzas.slice(stanzasBefore).filter(isOwnStanza).map(comparable)
const events = (): unknown[] => client.events.slice(eventsBefore).map(({ name, data }) => [name, plain(data)])

/** The state that a case begins with, where it is not that of the others. */
const given: Readonly<Record<string, () => unknown>> = {
  'sendPresenceUpdate-no-name': () => {
    client.auth.creds.me = { ...ME, name: undefined }
  },
  'fetchPrivacySettings-force': () => notify('privacy', { action: 'modify' }),
  'account_sync-blocklist': () => fetchBlocklistOf('1'),
  'profilePictureUrl-user-token': () => storeToken('0a0b0c'),
  'presenceSubscribe-token': () => storeToken('0a0b0c'),
  'privacy_token-older': () => storeToken('01'),
}
const storeToken = (hex: string) =>
  client.auth.keys.set({ tctoken: { [ANA_LID]: { token: Buffer.from(hex, 'hex'), timestamp: tokenTime } } })

const notify = async (tag: string, attrs: Record<string, string>): Promise<void> => {
  const content = [{ tag, attrs }]
  const from = '5511777770000@s.whatsapp.net'
  connection.send({ tag: 'notification', attrs: { id: 'before', type: 'account_sync', from }, content })
  await connection.stanza(({ tag, attrs }) => tag === 'ack' && attrs['id'] === 'before')
  begin()
}
/** Lets the client know a blocklist. */
const fetchBlocklistOf = async (dhash: string): Promise<void> => {
  answers = request =>
    request.attrs['xmlns'] === 'blocklist' ? resultOf(request, [{ tag: 'list', attrs: { dhash } }]) : undefined
  await client.socket.fetchBlocklist()
  begin()
}

/** Placeholders of the vectors that depend on the time of the run. */
const filled = <Value>(value: Value): Value =>
  JSON.parse(JSON.stringify(value).replaceAll('<token timestamp, seconds>', tokenTime).replaceAll('<now>', tokenTime))

const callsOf = (call: VectorCase['call']): readonly Call[] => {
  if (call === undefined || typeof call === 'string') return []
  const calls = Array.isArray(call) ? (call as readonly Call[]) : [call as Call]
  return calls.flatMap(each => Array.from({ length: each.times ?? 1 }, () => each))
}

/** The vectors leave out the picture. */
const argument = (value: unknown): unknown => (value === '<image>' ? png(8, 8) : value)

const run = async ({ method, args }: Call): Promise<unknown> => {
  const members = client.socket as unknown as Record<string, (...values: readonly unknown[]) => Promise<unknown>>
  return await members[method]?.(...args.map(argument))
}

const expectedOf = ({ id, recommended, ...recorded }: VectorCase) => {
  const better = typeof recommended === 'object' ? recommended : {}
  const { events: eventsHere, sent: sentHere } = differences[id] ?? {}
  return {
    events: eventsHere ?? better.events ?? recorded.events,
    sent: sentHere ?? (better.sent ?? recorded.sent ?? []).map(nodeOf).map(asCurrent).map(comparable),
  }
}

/** The current client says neither who is typing nor which subscription it is; Baileys does (docs/protocol/04 §4.7). */
const asCurrent = (node: BinaryNode): BinaryNode => {
  const { from, id, ...attrs } = node.attrs
  if (node.tag === 'chatstate') return { ...node, attrs }
  return node.tag === 'presence' && attrs['type'] === 'subscribe' ? { ...node, attrs } : node
}

describe('the calls of docs/protocol/04 §6', () => {
  const calls = played.filter(({ node, call }) => node === undefined && typeof call !== 'string')
  it.each(calls.map(each => [each.id, each] as const))('%s', async (id, recorded) => {
    const vector = filled(recorded)
    await given[id]?.()
    answers = request =>
      request.attrs['xmlns'] === 'round-trip' || vector.response === undefined
        ? undefined
        : answerTo(request, nodeOf(vector.response))
    const results: unknown[] = []
    const error = differences[id]?.resolves ? undefined : (differences[id]?.error ?? statusOf(vector.error))
    for (const call of callsOf(vector.call)) {
      if (error) expect(plain(await rejection(run(call)))).toMatchObject(error)
      else results.push(plain(await run(call)))
    }
    await roundTrip()
    const expected = expectedOf(vector)
    expect(sent()).toEqual(expected.sent)
    expect(events()).toEqual(expected.events)
    if (error) return
    const { result } = vector
    const each = typeof result === 'object' && result !== null && 'second' in result ? Object.values(result) : [result]
    expect(results.slice(-each.length)).toEqual(each.map(value => value ?? undefined))
  })
})

/** Answers of the service to iqs have the id of the question; so have acks. */
const answerTo = (request: BinaryNode, { tag, attrs, content }: BinaryNode): BinaryNode => {
  const { attrs: own } = resultOf(request)
  const node: BinaryNode = { tag, attrs: { ...(tag === 'iq' ? own : { id: request.attrs['id'] ?? '' }), ...attrs } }
  return content === undefined ? node : { ...node, content }
}

const statusOf = (error: VectorCase['error']) => error && { statusCode: error.status, message: error.message }

describe('the notifications of docs/protocol/04 §4', () => {
  const incoming = played.filter(({ node }) => node !== undefined)
  it.each(incoming.map(each => [each.id, each] as const))('%s', async (id, recorded) => {
    const vector = filled(recorded)
    await given[id]?.()
    if (vector.node) connection.send(nodeOf(vector.node))
    await roundTrip()
    if (vector.node?.tag === 'notification') {
      await client.waitFor(() => sent().some(each => (each as BinaryNode).tag === 'ack'), 'ack')
    }
    const expected = expectedOf(vector)
    expect(sent()).toEqual(expected.sent)
    expect(events()).toEqual(expected.events)
  })
})

describe('the lists of this file', () => {
  it('name cases that exist, and none twice', () => {
    const ids = cases.map(({ id }) => id)
    expect(cases).toHaveLength(51 + 56)
    expect([...handledElsewhere].filter(id => !ids.includes(id))).toEqual([])
    expect(Object.values(elsewhere).flat()).toHaveLength(handledElsewhere.size)
    expect(Object.keys(differences).filter(id => !ids.includes(id))).toEqual([])
  })
})
