import { USyncQuery as BaileysQuery, USyncUser as BaileysUser } from 'baileys'
import { describe, expect, it } from 'vitest'
import { decodeNode } from '../binary/decode.js'
import { encodeBinaryNode } from '../binary/encode.js'
import type { BinaryNode } from '../binary/node.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { buildUSyncNode, USyncQuery } from './query.js'
import { readVectors } from './testing/vectors.js'
import { USyncUser } from './user.js'

const node = (tag: string, attrs: Record<string, string> = {}, content?: BinaryNode['content']): BinaryNode =>
  content === undefined ? { tag, attrs } : { tag, attrs, content }
const answer = (users: BinaryNode[], extra: BinaryNode[] = []): BinaryNode =>
  node('iq', { type: 'result' }, [node('usync', {}, [...extra, node('list', {}, users)])])
const errorNode = (code: string, text: string, backoff?: string): BinaryNode =>
  node('error', { code, text, ...(backoff && { backoff }) })
const everything = (): USyncQuery =>
  new USyncQuery()
    .withDeviceProtocol()
    .withContactProtocol()
    .withStatusProtocol()
    .withDisappearingModeProtocol()
    .withLIDProtocol()
    .withUsernameProtocol()
    .withBotProfileProtocol()
/** The usync element of a question. */
const question = (query: USyncQuery): BinaryNode => (buildUSyncNode(query, 'sid1').content as BinaryNode[])[0]!
const usersOf = (query: USyncQuery): BinaryNode[] =>
  (question(query).content as BinaryNode[])[1]!.content as BinaryNode[]

describe('questions', () => {
  it('look as those of Baileys on the wire', () => {
    interface Step {
      dir: string
      node: BinaryNode
    }
    const { transcripts } = readVectors<{ transcripts: { steps: Step[] }[] }>('02-transcripts')
    const asked = transcripts
      .flatMap(({ steps }) => steps)
      .filter(step => step.dir === 'client' && step.node.attrs['xmlns'] === 'usync')
    expect(asked.length).toBeGreaterThan(3)
    for (const { node: recorded } of asked) {
      const { id, ...attrs } = recorded.attrs
      const usync = (recorded.content as BinaryNode[])[0]!
      const [, list] = usync.content as BinaryNode[]
      const query = new USyncQuery().withContext('message').withDeviceProtocol().withLIDProtocol()
      for (const user of list!.content as BinaryNode[]) query.withUser(new USyncUser().withId(user.attrs['jid']!))
      expect(id).toBeDefined()
      expect(buildUSyncNode(query, usync.attrs['sid']!)).toEqual({ ...recorded, attrs })
    }
  })

  it('look a number up without JID', () => {
    const query = new USyncQuery().withContactProtocol().withUser(new USyncUser().withPhone('+5511999990000'))
    expect(usersOf(query)).toEqual([node('user', {}, [node('contact', {}, Buffer.from('+5511999990000'))])])
  })

  it('look a username up with its key and the LID we know', () => {
    const user = new USyncUser().withUsername('ada').withUsernameKey('1234').withLid('1@lid')
    expect(usersOf(new USyncQuery().withContactProtocol().withUser(user))).toEqual([
      node('user', {}, [node('contact', { username: 'ada', pin: '1234', lid: '1@lid' })]),
    ])
  })

  it('name what else a protocol needs to know', () => {
    const user = new USyncUser()
      .withId('1@s.whatsapp.net')
      .withLid('2@lid')
      .withType('delete')
      .withPersonaId('p')
      .withKnownDevices({ deviceHash: '2:abcdefgh', timestamp: 5, expectedTimestamp: 6 })
    expect(usersOf(everything().withUser(user))).toEqual([
      node('user', { jid: '1@s.whatsapp.net' }, [
        node('devices', { device_hash: '2:abcdefgh', ts: '5', expected_ts: '6' }),
        node('contact', { type: 'delete' }),
        node('lid', { jid: '2@lid' }),
        node('bot', {}, [node('profile', { persona_id: 'p' })]),
      ]),
    ])
  })

  it('name accounts, never devices', () => {
    const jids = ['1:3@s.whatsapp.net', '2:99@hosted.lid', '3:99@hosted', '4@c.us', '5:1@lid', '6@bot']
    const query = new USyncQuery().withLIDProtocol()
    for (const jid of jids) query.withUser(new USyncUser().withId(jid))
    expect(usersOf(query).map(user => user.attrs['jid'])).toEqual([
      '1@s.whatsapp.net',
      '2@lid',
      '3@s.whatsapp.net',
      '4@s.whatsapp.net',
      '5@lid',
      '6@bot',
    ])
  })

  it('carry mode and context', () => {
    const query = new USyncQuery().withMode('delta').withContext('background').withStatusProtocol()
    expect(question(query).attrs).toEqual({
      context: 'background',
      mode: 'delta',
      sid: 'sid1',
      last: 'true',
      index: '0',
    })
    expect(question(new USyncQuery().withStatusProtocol()).attrs).toMatchObject({
      context: 'interactive',
      mode: 'query',
    })
  })

  it('are refused when they ask nothing or about nobody', () => {
    expect(() => buildUSyncNode(new USyncQuery(), '1')).toThrow('USyncQuery must have at least one protocol')
    for (const user of [new USyncUser(), new USyncUser().withId('1555'), new USyncUser().withId('@lid')]) {
      const query = new USyncQuery().withLIDProtocol().withUser(user)
      expect(() => buildUSyncNode(query, '1')).toThrow(expect.objectContaining({ code: 'invalid-usync-query' }))
    }
  })
})

describe('answers', () => {
  const list = new Uint8Array([1, 2, 3])
  const devices = node('devices', {}, [
    node('device-list', { hash: '2:abcdefgh' }, [
      node('device', { id: '0' }),
      node('device', { id: '4', 'key-index': '7' }),
      node('device', { id: '99', 'key-index': '8', is_hosted: 'true' }),
    ]),
    node('key-index-list', { ts: '1700000000', expected_ts: '1700000001' }, list),
  ])
  const bot = node('bot', {}, [
    node('profile', { persona_id: 'p' }, [
      node('name', {}, 'Ada'),
      node('attributes', {}, 'a'),
      node('description', {}, Buffer.from('d')),
      node('category', {}, 'c'),
      node('default'),
      node('prompts', {}, [node('prompt', {}, [node('emoji', {}, '🙂'), node('text', {}, 'hi')])]),
      node('commands', {}, [
        node('description', {}, 'all'),
        node('command', {}, [node('name', {}, 'n'), node('description', {}, 'does')]),
      ]),
    ]),
  ])

  it('of every protocol', () => {
    const user = node('user', { jid: '1@lid', pn_jid: '2@s.whatsapp.net' }, [
      devices,
      node('contact', { type: 'in' }, '+1'),
      node('status', { t: '1690000000' }, Buffer.from('busy')),
      node('disappearing_mode', { duration: '86400', t: '1690000000' }),
      node('lid', { val: '9@lid' }),
      node('username', {}, Buffer.from('ada')),
      bot,
      node('unknown'),
    ])
    expect(everything().parseUSyncQueryResult(answer([user]))).toEqual({
      list: [
        {
          id: '1@lid',
          pnJid: '2@s.whatsapp.net',
          devices: {
            deviceList: [
              { id: 0, isHosted: false },
              { id: 4, keyIndex: 7, isHosted: false },
              { id: 99, keyIndex: 8, isHosted: true },
            ],
            keyIndex: { timestamp: 1700000000, signedKeyIndex: list, expectedTimestamp: 1700000001 },
            deviceHash: '2:abcdefgh',
          },
          contact: true,
          status: { status: 'busy', setAt: new Date(1690000000000) },
          disappearing_mode: { duration: 86400, setAt: new Date(1690000000000) },
          lid: '9@lid',
          username: 'ada',
          bot: {
            isDefault: true,
            name: 'Ada',
            attributes: 'a',
            description: 'd',
            category: 'c',
            personaId: 'p',
            commandsDescription: 'all',
            commands: [{ name: 'n', description: 'does' }],
            prompts: ['🙂 hi'],
          },
        },
      ],
      sideList: [],
      protocols: {},
    })
  })

  it('of the recorded stanzas give what Baileys gives', () => {
    interface Case {
      id: string
      response: BinaryNode
      result: unknown[]
    }
    const { cases } = readVectors<{ cases: Case[] }>('04-stanzas')
    for (const id of ['fetchStatus', 'fetchDisappearingDuration']) {
      const { response, result } = cases.find(entry => entry.id === id)!
      const parsed = everything().parseUSyncQueryResult(asResult(response))
      expect(JSON.parse(JSON.stringify(parsed?.list))).toEqual(result)
    }

    function asResult(response: BinaryNode): BinaryNode {
      return { ...withBytes(response), attrs: { type: 'result' } }
    }
    function withBytes(recorded: BinaryNode & { contentHex?: string }): BinaryNode {
      const { tag, attrs, content, contentHex } = recorded
      if (contentHex !== undefined) return { tag, attrs, content: Buffer.from(contentHex, 'hex') }
      return Array.isArray(content) ? { tag, attrs, content: content.map(withBytes) } : { tag, attrs }
    }
  })

  it('of the protocols that Baileys does not have', () => {
    const query = new USyncQuery().withTextStatusProtocol().withPictureProtocol().withBusinessProtocol()
    expect(query.protocols.map(protocol => protocol.getQueryElement())).toEqual([
      node('text_status'),
      node('picture', { type: 'preview' }),
      node('business', {}, [node('verified_name')]),
    ])
    const { Details } = proto.VerifiedNameCertificate
    const details = Details.encode({ verifiedName: 'Bakery', issuer: 'smb:wa', serial: 7 }).finish()
    const certificate = Buffer.from(proto.VerifiedNameCertificate.encode({ details }).finish())
    const user = (jid: string, children: BinaryNode[]) => node('user', { jid }, children)
    const parsed = query.parseUSyncQueryResult(
      answer([
        user('1@lid', [
          node('text_status', { text: 'baking', ephemeral_duration_sec: '86400', last_update_time: '1700000000' }, [
            node('emoji', { content: '🥖' }),
          ]),
          node('picture', { id: '15' }),
          node('business', {}, [node('verified_name', { verified_level: 'low' }, certificate)]),
        ]),
        user('2@lid', [node('text_status'), node('picture'), node('business')]),
        user('3@lid', [
          node('picture', {}, [errorNode('401', 'not-authorized')]),
          node('business', {}, [node('verified_name', {}, Buffer.alloc(9, 0xff))]),
        ]),
      ]),
    )
    expect(parsed?.list).toMatchObject([
      {
        text_status: { text: 'baking', emoji: '🥖', duration: 86_400, setAt: new Date(1_700_000_000_000) },
        picture: '15',
        business: { verifiedName: 'Bakery', verifiedLevel: 'low', issuer: 'smb:wa', serial: '7' },
      },
      { text_status: { text: '', setAt: new Date(0) } },
      { errors: { picture: { code: 'server-refused', data: 401 }, business: { code: 'invalid-usync-result' } } },
    ])
    expect(parsed?.list[1]).not.toHaveProperty('business')
  })

  it('tell a list that did not change from an empty one', () => {
    const parse = (children: BinaryNode[]): unknown =>
      everything().parseUSyncQueryResult(answer([node('user', { jid: '1@lid' }, [node('devices', {}, children)])]))
        ?.list[0]?.devices
    expect(parse([node('key-index-list', { ts: '5' })])).toEqual({ keyIndex: { timestamp: 5 } })
    expect(parse([node('device-list', {}, [])])).toEqual({ deviceList: [] })
    expect(parse([node('key-index-list', { ts: '5' }, Buffer.of())])).toEqual({ keyIndex: { timestamp: 5 } })
  })

  it('keep the trouble of one user beside the answers of the others', () => {
    const parsed = everything().parseUSyncQueryResult(
      answer([
        node('user', { jid: '1@lid' }, [
          node('devices', {}, [errorNode('404', 'item-not-found')]),
          node('contact', { type: 'in' }),
        ]),
        node('user', { jid: '2@lid' }, [devices]),
        node('user', { jid: '3@lid' }, [node('devices', {}, [node('device-list', {}, [node('device', { id: 'x' })])])]),
      ]),
    )
    expect(parsed?.list.map(({ id, devices: info }) => [id, info?.deviceList?.length])).toEqual([
      ['1@lid', undefined],
      ['2@lid', 3],
      ['3@lid', undefined],
    ])
    expect(parsed?.list[0]).toMatchObject({ contact: true, errors: { devices: { code: 'server-refused', data: 404 } } })
    expect(parsed?.list[0]?.errors?.['devices']).toBeInstanceOf(ServerRefusal)
    expect(parsed?.list[1]?.errors).toBeUndefined()
    expect(parsed?.list[2]?.errors?.['devices']).toMatchObject({ code: 'invalid-usync-result' })
  })

  const malformed: [what: string, node: BinaryNode][] = [
    ['a device without id', node('devices', {}, [node('device-list', {}, [node('device')])])],
    ['a device number beyond a byte', node('devices', {}, [node('device-list', {}, [node('device', { id: '256' })])])],
    ['a negative device', node('devices', {}, [node('device-list', {}, [node('device', { id: '-1' })])])],
    [
      'a key index beyond 32 bits',
      node('devices', {}, [node('device-list', {}, [node('device', { id: '1', 'key-index': '4294967296' })])]),
    ],
    ['a key index list without time', node('devices', {}, [node('key-index-list', {}, list)])],
    ['a timer without duration', node('disappearing_mode')],
    ['a date that is none', node('status', { t: 'soon' })],
    ['a bot without profile', node('bot')],
  ]
  for (const [what, child] of malformed) {
    it(`with ${what} are errors of that user`, () => {
      const parsed = everything().parseUSyncQueryResult(answer([node('user', { jid: '1@lid' }, [child])]))
      expect(parsed?.list[0]?.[child.tag]).toBeUndefined()
      const error = parsed?.list[0]?.errors?.[child.tag]
      expect(error).toBeInstanceOf(KurirError)
      expect(error?.code).toBe('invalid-usync-result')
    })
  }

  it('say when to ask again and which protocol is unavailable', () => {
    const result = node('result', {}, [
      node('devices', { refresh: '3600' }),
      node('contact', {}, [errorNode('429', 'rate-overlimit', '120')]),
      node('lid'),
    ])
    const parsed = everything().parseUSyncQueryResult(answer([], [result]))
    expect(parsed?.protocols['devices']).toEqual({ refreshSeconds: 3600 })
    expect(parsed?.protocols['contact']?.error).toMatchObject({ data: 429, backoffSeconds: 120, retryable: true })
    expect(parsed?.protocols['lid']).toEqual({})
  })

  it('keep the side list apart', () => {
    const stanza = node('iq', { type: 'result' }, [
      node('usync', {}, [
        node('list', {}, []),
        node('side_list', {}, [node('user', { jid: '7@lid' }, [node('contact', { type: 'in' })])]),
      ]),
    ])
    expect(everything().parseUSyncQueryResult(stanza)).toMatchObject({
      list: [],
      sideList: [{ id: '7@lid', contact: true }],
    })
  })

  it('leave out users without JID, other stanzas give nothing', () => {
    expect(everything().parseUSyncQueryResult(answer([node('user', {}, [node('contact')])]))?.list).toEqual([])
    expect(everything().parseUSyncQueryResult(node('iq', { type: 'error' }))).toBeUndefined()
    expect(everything().parseUSyncQueryResult(undefined)).toBeUndefined()
    expect(everything().parseUSyncQueryResult(node('iq', { type: 'result' }))?.list).toEqual([])
  })

  it('of hidden, absent and empty about texts', () => {
    const statusOf = (child: BinaryNode): unknown =>
      everything().parseUSyncQueryResult(answer([node('user', { jid: '1@lid' }, [child])]))?.list[0]?.status?.status
    expect(statusOf(node('status', { code: '401' }))).toBe('')
    expect(statusOf(node('status'))).toBeNull()
    expect(statusOf(node('status', {}, Buffer.of()))).toBeNull()
  })

  it('give what Baileys gives, where it gives something', () => {
    const theirs = new BaileysQuery()
      .withDeviceProtocol()
      .withContactProtocol()
      .withStatusProtocol()
      .withDisappearingModeProtocol()
      .withLIDProtocol()
      .withUser(new BaileysUser().withId('1@lid'))
    const sent = answer([
      node('user', { jid: '1@lid' }, [
        devices,
        node('contact', { type: 'out' }),
        node('status', { t: '1690000000' }, Buffer.from('busy')),
        node('disappearing_mode', { duration: '0', t: '1690000000' }),
        node('lid', { val: '9@lid' }),
      ]),
    ])
    const received = decodeNode(encodeBinaryNode(sent))
    const [ours] = everything().parseUSyncQueryResult(received)?.list ?? []
    const [expected] = theirs.parseUSyncQueryResult(received)?.list ?? []
    const { devices: ourDevices, ...ourRest } = ours!
    const { devices: theirDevices, ...theirRest } = expected as Record<string, unknown>
    expect(ourRest).toEqual(theirRest)
    expect(ourDevices?.keyIndex).toEqual((theirDevices as typeof ourDevices)?.keyIndex)
    // Baileys writes NaN for the key index of the phone.
    expect(ourDevices?.deviceList?.slice(1)).toEqual((theirDevices as typeof ourDevices)?.deviceList?.slice(1))
  })
})
