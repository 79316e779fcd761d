import { type BinaryNode, type KurirError, proto } from 'kurir'
import { generateKeyPair, type KeyPair, typedPublicKey, xeddsaSign } from 'kurir/crypto'
import { grantDeviceIdentity, signDeviceIdentity, signKeyIndexList } from 'kurir/pairing'
import { describe, expect, it } from 'vitest'
import { type KurirClient, rejection, textOf } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The tree with every node of this tag replaced. */
const replaceAll = (tree: BinaryNode, tag: string, replace: (found: BinaryNode) => BinaryNode): BinaryNode => {
  if (tree.tag === tag) return replace(tree)
  if (!Array.isArray(tree.content)) return tree
  return { ...tree, content: tree.content.map(child => replaceAll(child, tag, replace)) }
}

const flipped = (bytes: BinaryNode['content'], at = 5): Buffer => {
  const altered = Buffer.from(bytes as Uint8Array)
  altered.writeUInt8(altered.readUInt8(at) ^ 1, at)
  return altered
}

/** The tree with the bytes of every node of this tag replaced. */
const alterBytes = (tree: BinaryNode, tag: string, alter: (bytes: Uint8Array) => Uint8Array): BinaryNode =>
  replaceAll(tree, tag, found => ({ ...found, content: Buffer.from(alter(found.content as Uint8Array)) }))

/** A device identity in which an account vouches for a device, both with keys of whoever calls this. */
function selfMadeIdentity(account: KeyPair, device: KeyPair): Uint8Array {
  const grant = {
    account,
    deviceIdentity: device.public,
    advSecret: Buffer.alloc(32),
    rawId: 7,
    timestamp: 1,
    keyIndex: 1,
  }
  const { details: signed } = proto.ADVSignedDeviceIdentityHMAC.decode(grantDeviceIdentity(grant))
  const identity = proto.ADVSignedDeviceIdentity.decode(signed ?? Buffer.alloc(0))
  const deviceSignature = signDeviceIdentity(device, identity.details ?? Buffer.alloc(0), account.public)
  return proto.ADVSignedDeviceIdentity.encode({ ...identity, deviceSignature }).finish()
}

/** Puts the keys of somebody else in the place of a device's, with a signed prekey and a device identity that fit. */
function withKeysOf(account: KeyPair, device: KeyPair): (bundle: BinaryNode) => BinaryNode {
  const signedPreKey = generateKeyPair()
  const contents: Record<string, Uint8Array> = {
    identity: device.public,
    signature: xeddsaSign(device, typedPublicKey(signedPreKey.public)),
    'device-identity': selfMadeIdentity(account, device),
  }
  const parts = (node: BinaryNode): BinaryNode[] => (Array.isArray(node.content) ? node.content : [])
  const replaced = (node: BinaryNode): BinaryNode => {
    const content = contents[node.tag]
    return content === undefined ? node : { ...node, content }
  }
  return bundle => ({
    ...bundle,
    content: parts(bundle).flatMap(part => {
      if (part.tag === 'key') return []
      if (part.tag !== 'skey') return [replaced(part)]
      const value = { tag: 'value', attrs: {}, content: signedPreKey.public }
      return [{ ...part, content: parts(part).map(each => (each.tag === 'value' ? value : replaced(each))) }]
    }),
  })
}

describe('forged keys (docs/protocol/02 §1.4, §5.4)', () => {
  const world = worldForEachTest()

  /** Alters what the service answers this client about each user for whom it is asked. */
  const forgeAnswers = (
    bot: KurirClient,
    child: 'list' | 'usync',
    isVictim: (jid: string) => boolean,
    forge: (user: BinaryNode) => BinaryNode,
  ) =>
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'iq', child, device: bot.jid },
      action: {
        kind: 'alter',
        alter: answer => replaceAll(answer, 'user', user => (isVictim(user.attrs['jid'] ?? '') ? forge(user) : user)),
      },
    })
  const isCompanion = (jid: string) => jid.includes(':1@')
  const withForgedSignature = (user: BinaryNode) => alterBytes(user, 'signature', bytes => flipped(bytes))

  it('a signed prekey that the device did not sign: that device is left out, the others are written to', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    forgeAnswers(bot, 'list', isCompanion, withForgedSignature)
    const id = await bot.sendText(bob.jid, 'for the phone only')
    expect(await bob.waitForMessage(({ text }) => text === 'for the phone only')).toMatchObject({ id })
    await bot.logged('untrusted-prekey-signature')
    expect(companion.texts()).toEqual([])
    // The service tells of it by its participant hash; nothing is written to the device until its keys are good.
    world().service.faults.clear()
    await bot.sendText(bob.jid, 'for both')
    await companion.text('for both')
  })

  it('no device of the recipient has honest keys: the message is refused, not sent to ourselves alone', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    forgeAnswers(bot, 'list', jid => jid.startsWith(bob.account.lidUser) || jid === bob.jid, withForgedSignature)
    const error: KurirError = await rejection(bot.sendText(bob.jid, 'to nobody'))
    expect(error).toMatchObject({ code: 'all-encryptions-failed', data: { jid: bob.jid } })
    expect(alice.messages.filter(({ text }) => text === 'to nobody')).toEqual([])
  })

  const forgedLists: [what: string, forge: (bytes: Uint8Array) => Uint8Array][] = [
    ['altered', bytes => flipped(bytes, 6)],
    ['garbage', () => Buffer.alloc(60, 0xff)],
    ['empty', () => Buffer.alloc(0)],
  ]

  it.each(forgedLists)('a signed device list that is %s: its companions are not written to', async (_what, forge) => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const spy = await world().linked(bob)
    const isBob = (jid: string) => jid === bob.jid
    forgeAnswers(bot, 'usync', isBob, user => alterBytes(user, 'key-index-list', forge))
    await bot.sendText(bob.jid, 'for the phone only')
    await bob.waitForMessage(({ text }) => text === 'for the phone only')
    await bot.logged('key-index-list-invalid')
    expect(spy.texts()).toEqual([])
  })

  it('a list signed by somebody else, with the key to check it by: not believed', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const spy = await world().linked(bob)
    const { timestamp } = bob.account.keyIndexList ?? { timestamp: 0 }
    const list = { rawId: 7, timestamp, currentIndex: 1, validIndexes: [0, 1] }
    bob.account.keyIndexList = { timestamp, bytes: signKeyIndexList(generateKeyPair(), list) }
    await bot.sendText(bob.jid, 'for the phone only')
    await bob.waitForMessage(({ text }) => text === 'for the phone only')
    await bot.logged('key-index-list-invalid')
    expect(spy.texts()).toEqual([])
  })

  it('a companion that cannot prove that its account vouches for it: not decrypted, asked again', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    const forged = world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid, child: 'device-identity' },
      times: 1,
      action: {
        kind: 'alter',
        alter: message => alterBytes(message, 'device-identity', identity => flipped(identity, 12)),
      },
    })
    const id = await companion.sendText(alice.jid, 'believe me')
    await bot.waitFor(() => bot.unreadable.find(({ key }) => key.id === id), 'placeholder')
    expect(forged.hits).toBe(1)
    await bot.logged('device-identity-invalid')
    // The next copy has the true identity.
    expect(textOf(await bot.text('believe me'))).toBe('believe me')
    expect(bot.readable.filter(({ key }) => key.id === id)).toHaveLength(1)
  })

  const attacker = { account: generateKeyPair(), device: generateKeyPair() }
  const withoutIdentity = (bundle: BinaryNode): BinaryNode => ({
    ...bundle,
    content: Array.isArray(bundle.content) ? bundle.content.filter(({ tag }) => tag !== 'device-identity') : [],
  })
  const alteredIdentity = (bundle: BinaryNode): BinaryNode =>
    alterBytes(bundle, 'device-identity', identity => flipped(identity, 12))

  const forgedBundles: [what: string, forge: (bundle: BinaryNode) => BinaryNode, code: string][] = [
    ['was altered', alteredIdentity, 'device-identity-invalid'],
    ['is missing', withoutIdentity, 'device-identity-missing'],
    ['is of another account', withKeysOf(attacker.account, attacker.device), 'device-identity-invalid'],
  ]

  it.each(forgedBundles)(
    'keys of a companion whose device identity %s: nothing is encrypted with them (docs/protocol/02 §8.1)',
    async (_what, forge, code) => {
      const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
      const bot = await world().linked(alice)
      const companion = await world().linked(bob)
      const forged = forgeAnswers(bot, 'list', isCompanion, forge)
      await bot.sendText(bob.jid, 'for the phone only')
      await bob.waitForMessage(({ text }) => text === 'for the phone only')
      await bot.logged(code)
      expect(forged.hits).toBeGreaterThan(0)
      expect(companion.texts()).toEqual([])
      world().service.faults.clear()
      await bot.sendText(bob.jid, 'for both')
      await companion.text('for both')
    },
  )

  it('keys in a retry request whose device identity is of another account: the message is not sent again', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    await bot.sendText(bob.jid, 'first')
    await companion.text('first')
    // The second request comes with keys; what the companion really asked for is what the attacker's keys would open.
    const { faults } = world().service
    const damage = { tag: 'message', device: companion.jid }
    faults.add({ direction: 'to-client', match: damage, times: 2, action: { kind: 'corrupt' } })
    const forge = withKeysOf(attacker.account, attacker.device)
    const forged = faults.add({
      direction: 'to-client',
      match: { tag: 'receipt', type: 'retry', child: 'keys', device: bot.jid },
      times: 1,
      action: { kind: 'alter', alter: receipt => replaceAll(receipt, 'keys', forge) },
    })
    await bot.sendText(bob.jid, 'for your eyes')
    await bot.logged('device-identity-invalid')
    expect(forged.hits).toBe(1)
    expect(companion.texts()).toEqual(['first'])
    // The session with the true device stands.
    await bot.sendText(bob.jid, 'as before')
    await companion.text('as before')
  })

  it('a message in the name of an own companion under another account key: not decrypted', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    const other = await world().linked(alice)
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid, child: 'device-identity' },
      times: 1,
      action: {
        kind: 'alter',
        alter: message =>
          alterBytes(message, 'device-identity', () =>
            selfMadeIdentity(attacker.account, other.auth.creds.signedIdentityKey),
          ),
      },
    })
    const id = await other.sendText(alice.jid, 'it is me')
    await bot.waitFor(() => bot.unreadable.find(({ key }) => key.id === id), 'placeholder')
    await bot.logged('device-identity-invalid')
    expect(textOf(await bot.text('it is me'))).toBe('it is me')
  })
})
