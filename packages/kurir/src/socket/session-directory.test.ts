import { describe, expect, it } from 'vitest'
import { encodeBigEndian } from '../auth/big-endian.js'
import { childNodes } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { rawPublicKey } from '../crypto/curve.js'
import { grantDeviceIdentity, signDeviceIdentity } from '../pairing/identity.js'
import { proto } from '../proto/index.js'
import { makeParty, type Party } from '../signal/testing/party.js'
import { SessionDirectory } from './session-directory.js'
import { refusal, result, type TestCore, type TestCoreOptions, testCore } from './testing/collaborator-core.js'

const node = (tag: string, content: BinaryNode[] | Uint8Array): BinaryNode => ({ tag, attrs: {}, content })
const keyNode = (tag: string, id: number, value: Uint8Array, ...rest: BinaryNode[]): BinaryNode =>
  node(tag, [node('id', encodeBigEndian(id, 3)), node('value', rawPublicKey(value)), ...rest])

function bundleOf(jid: string, party: Party, deviceIdentity?: Uint8Array): BinaryNode {
  const { registrationId, identityKey, signedPreKey, preKey } = party.bundle()
  const content = [
    node('registration', encodeBigEndian(registrationId)),
    node('identity', rawPublicKey(identityKey)),
    keyNode('skey', signedPreKey.keyId, signedPreKey.publicKey, node('signature', signedPreKey.signature)),
  ]
  if (preKey) content.push(keyNode('key', preKey.keyId, preKey.publicKey))
  if (deviceIdentity) content.push(node('device-identity', deviceIdentity))
  return { tag: 'user', attrs: { jid }, content }
}

const notFound = (jid: string): BinaryNode => ({
  tag: 'user',
  attrs: { jid },
  content: [{ tag: 'error', attrs: { code: '404', text: 'item-not-found' } }],
})

/** The device identity that an account gives to a companion. */
function identityOf(account: Party, companion: Party): Uint8Array {
  const device = companion.creds.signedIdentityKey
  const grant = grantDeviceIdentity({
    account: account.creds.signedIdentityKey,
    deviceIdentity: device.public,
    advSecret: Buffer.alloc(32),
    rawId: 1,
    timestamp: 1,
    keyIndex: 1,
  })
  const { details } = proto.ADVSignedDeviceIdentityHMAC.decode(grant)
  const signed = proto.ADVSignedDeviceIdentity.decode(details ?? Buffer.of())
  const accountKey = account.creds.signedIdentityKey.public
  const deviceSignature = signDeviceIdentity(device, signed.details ?? Buffer.of(), accountKey)
  return proto.ADVSignedDeviceIdentity.encode({ ...signed, deviceSignature }).finish()
}

const usersOf = (query: BinaryNode | undefined): readonly BinaryNode[] => childNodes(childNodes(query)[0])
const asked = (query: BinaryNode): string[] => usersOf(query).map(({ attrs }) => attrs['jid'] ?? '')

/** A service that has these users; queries for others are answered with 404. */
function directoryWith(users: Record<string, () => BinaryNode>, options: TestCoreOptions = {}) {
  const core = testCore({
    answer: query =>
      result(
        node(
          'list',
          asked(query).map(jid => users[jid]?.() ?? notFound(jid)),
        ),
      ),
    ...options,
  })
  return { core, directory: new SessionDirectory(core), queries: () => core.sent.map(asked) }
}

const warnings = ({ log }: TestCore): string[] =>
  log.flatMap(({ level, fields }) =>
    level === 'debug' ? [] : [(fields as { err?: { code?: string } }).err?.code ?? ''],
  )

const phoneJid = '15550001111@s.whatsapp.net'
const companionJid = '15550001111:3@s.whatsapp.net'
const [phone, companion] = [makeParty(phoneJid), makeParty(companionJid)]

describe('SessionDirectory', () => {
  it('fetches what is missing, once for all who ask at the same time, and not again', async () => {
    const { core, directory, queries } = directoryWith({ [phoneJid]: () => bundleOf(phoneJid, phone) })
    const both = await Promise.all([directory.assert([phoneJid]), directory.assert([phoneJid, phoneJid])])
    expect([both, queries()]).toEqual([[true, true], [[phoneJid]]])
    expect(await directory.assert([`${phoneJid.split('@')[0]}:0@s.whatsapp.net`])).toBe(false)
    expect(await directory.assert([phoneJid], true)).toBe(true)
    expect(usersOf(core.sent[1])[0]?.attrs).toEqual({ jid: phoneJid, reason: 'identity' })
  })

  it('builds sessions with companions that their account vouches for, in one answer with the phone', async () => {
    const { core, directory } = directoryWith({
      // The companion comes first: the phone's identity counts all the same.
      [companionJid]: () => bundleOf(companionJid, companion, identityOf(phone, companion)),
      [phoneJid]: () => bundleOf(phoneJid, phone),
    })
    await directory.assert([companionJid, phoneJid])
    expect(await core.repository.devicesWithSession([companionJid, phoneJid])).toEqual(
      new Set([companionJid, phoneJid]),
    )
    expect(warnings(core)).toEqual([])
  })

  const stranger = makeParty('stranger')
  const forged: [what: string, identity: Uint8Array | undefined, code: string][] = [
    ['no proof', undefined, 'device-identity-missing'],
    ['the word of another account', identityOf(stranger, companion), 'device-identity-invalid'],
    ['the proof of another device', identityOf(phone, stranger), 'device-identity-invalid'],
  ]
  it.each(forged)(
    'builds none with a companion that shows %s, and serves the others',
    async (_what, identity, code) => {
      const { core, directory } = directoryWith({
        [phoneJid]: () => bundleOf(phoneJid, phone),
        [companionJid]: () => bundleOf(companionJid, companion, identity),
      })
      await directory.assert([phoneJid, companionJid])
      expect(await core.repository.devicesWithSession([companionJid, phoneJid])).toEqual(new Set([phoneJid]))
      expect(warnings(core)).toEqual([code])
    },
  )

  it('asks by LID where it is known, and by phone number when the server does not know the LID', async () => {
    const { core, directory, queries } = directoryWith({ [phoneJid]: () => bundleOf(phoneJid, phone) })
    await core.repository.lidMapping.storeLIDPNMappings([{ pn: phoneJid, lid: '77@lid' }])
    await directory.assert([phoneJid])
    expect(queries()).toEqual([['77@lid'], [phoneJid]])
    expect(await core.repository.devicesWithSession([phoneJid])).toEqual(new Set([phoneJid]))
    expect(warnings(core)).toEqual([])
  })

  it('leaves out who is not served', async () => {
    const { core, directory } = directoryWith({ [phoneJid]: () => bundleOf(phoneJid, phone) })
    await directory.assert([phoneJid, '404@lid'])
    expect(await core.repository.devicesWithSession([phoneJid, '404@lid'])).toEqual(new Set([phoneJid]))
    expect(warnings(core)).toEqual(['key-bundle-refused'])
  })

  it('finds the one JID for which the server refuses the whole question', async () => {
    const good = ['1@lid', '2@lid', '4@lid', '5@lid']
    const parties = new Map(good.map(jid => [jid, makeParty(jid)]))
    const core = testCore({
      answer: query => {
        const jids = asked(query)
        if (jids.includes('3@lid')) return refusal(406, 'not-acceptable')
        return result(
          node(
            'list',
            jids.map(jid => bundleOf(jid, parties.get(jid) ?? makeParty(jid))),
          ),
        )
      },
    })
    await new SessionDirectory(core).assert(['1@lid', '2@lid', '3@lid', '4@lid', '5@lid'])
    expect(await core.repository.devicesWithSession([...good, '3@lid'])).toEqual(new Set(good))
    expect(warnings(core)).toEqual(['server-refused'])
  })

  it('rejects when the server cannot be asked, and asks again afterwards', async () => {
    let isDown = true
    const { directory } = directoryWith(
      {},
      {
        answer: query =>
          isDown
            ? refusal(503)
            : result(
                node(
                  'list',
                  asked(query).map(jid => bundleOf(jid, phone)),
                ),
              ),
      },
    )
    await expect(directory.assert([phoneJid])).rejects.toMatchObject({ code: 'server-refused', data: 503 })
    isDown = false
    expect(await directory.assert([phoneJid])).toBe(true)
  })

  it('asks for at most 200 devices at once', async () => {
    const { directory, queries } = directoryWith({})
    await directory.assert(Array.from({ length: 450 }, (_, index) => `${index + 1}@lid`))
    expect(queries().map(jids => jids.length)).toEqual([200, 200, 50])
  })
})
