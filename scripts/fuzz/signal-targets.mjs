import { addTransactionCapability, initAuthCreds, makeMemoryKeyStore } from 'kurir/auth'
import { silentLogger } from 'kurir/logger'
import { decodeSessionRecord, encodeSessionRecord, makeLibSignalRepository, toLibsignalRecord } from 'kurir/signal'
import { mutateBytes, mutateText } from './mutate.mjs'

/** Signal messages and the records in which sessions are kept. */

const GROUP = '120363000000000001@g.us'

function makeParty(jid) {
  const store = makeMemoryKeyStore()
  const keys = addTransactionCapability(store, silentLogger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
  const creds = initAuthCreds()
  return { jid, creds, store, keys, repository: makeLibSignalRepository({ creds, keys }, silentLogger) }
}

const bundleOf = ({ creds }) => ({
  registrationId: creds.registrationId,
  identityKey: creds.signedIdentityKey.public,
  signedPreKey: {
    keyId: creds.signedPreKey.keyId,
    publicKey: creds.signedPreKey.keyPair.public,
    signature: creds.signedPreKey.signature,
  },
})

/** Two people with a session in use, a group key, and messages in flight of every kind. */
async function conversation() {
  const alice = makeParty('100000000000001@lid')
  const bob = makeParty('100000000000002@lid')
  const carol = makeParty('100000000000003@lid')
  const encrypt = (from, to) => from.repository.encryptMessage({ jid: to.jid, data: Buffer.from('hello hello hello') })
  const decrypt = (from, to, { type, ciphertext }) => to.repository.decryptMessage({ jid: from.jid, type, ciphertext })
  for (const other of [alice, carol]) await other.repository.injectE2ESession({ jid: bob.jid, session: bundleOf(bob) })
  const beginnings = []
  for (let count = 0; count < 8; count += 1) beginnings.push((await encrypt(carol, bob)).ciphertext)
  await decrypt(alice, bob, await encrypt(alice, bob))
  await decrypt(bob, alice, await encrypt(bob, alice))
  const ongoing = []
  for (let count = 0; count < 20; count += 1) ongoing.push((await encrypt(alice, bob)).ciphertext)
  const grouped = []
  let distribution
  for (let count = 0; count < 20; count += 1) {
    const sent = await alice.repository.encryptGroupMessage({
      group: GROUP,
      meId: alice.jid,
      data: Buffer.from('hello all'),
    })
    distribution ??= sent.senderKeyDistributionMessage
    grouped.push(sent.ciphertext)
  }
  const item = { groupId: GROUP, axolotlSenderKeyDistributionMessage: distribution }
  await bob.repository.processSenderKeyDistributionMessage({ item, authorJid: alice.jid })
  return { alice, bob, carol, beginnings, ongoing, grouped, distribution }
}

export const signalTargets = [
  {
    name: 'pairwise message',
    share: 3,
    prepare: conversation,
    make: (random, { ongoing }) => mutateBytes(random, random.pick(ongoing), ongoing),
    run: (ciphertext, { bob, alice }) => bob.repository.decryptMessage({ jid: alice.jid, type: 'msg', ciphertext }),
  },
  {
    name: 'prekey message',
    share: 1,
    prepare: conversation,
    make: (random, { beginnings }) => mutateBytes(random, random.pick(beginnings), beginnings),
    run: (ciphertext, { bob, carol }) => bob.repository.decryptMessage({ jid: carol.jid, type: 'pkmsg', ciphertext }),
  },
  {
    name: 'group message',
    share: 3,
    prepare: conversation,
    make: (random, { grouped }) => mutateBytes(random, random.pick(grouped), grouped),
    run: (msg, { bob, alice }) => bob.repository.decryptGroupMessage({ group: GROUP, authorJid: alice.jid, msg }),
  },
  {
    name: 'sender key distribution',
    share: 2,
    prepare: conversation,
    make: (random, { distribution }) => mutateBytes(random, distribution),
    run: (bytes, { bob, carol }) =>
      bob.repository.processSenderKeyDistributionMessage({
        item: { groupId: GROUP, axolotlSenderKeyDistributionMessage: bytes },
        authorJid: carol.jid,
      }),
  },
  {
    name: 'session record',
    share: 8,
    async prepare() {
      const { alice, bob } = await conversation()
      const address = bob.repository.jidToSignalProtocolAddress(alice.jid)
      const { [address]: record } = await bob.keys.get('session', [address])
      return { record: Buffer.from(record), json: JSON.stringify(toLibsignalRecord(decodeSessionRecord(record))) }
    },
    make: (random, { record, json }) =>
      random.chance(0.6) ? mutateBytes(random, record) : { json: mutateText(random, json) },
    run(input) {
      const stored = input instanceof Uint8Array ? input : parsed(input.json)
      if (stored !== undefined) encodeSessionRecord(decodeSessionRecord(stored))
    },
  },
  {
    name: 'damaged records in use',
    share: 2,
    async prepare() {
      const { alice, bob, grouped, ongoing } = await conversation()
      const address = bob.repository.jidToSignalProtocolAddress(alice.jid)
      const { [address]: session } = await bob.keys.get('session', [address])
      const name = `${GROUP}::100000000000001_1::0`
      const { [name]: senderKey } = await bob.keys.get('sender-key', [name])
      if (!senderKey) throw new Error('the sender key is filed under another name')
      return {
        alice,
        bob,
        grouped,
        ongoing,
        address,
        session: Buffer.from(session),
        name,
        senderKey: Buffer.from(senderKey),
      }
    },
    make: (random, { session, senderKey, grouped, ongoing }) => ({
      session: mutateBytes(random, session),
      senderKey: mutateBytes(random, senderKey),
      msg: random.pick(grouped),
      ciphertext: random.pick(ongoing),
    }),
    async run({ session, senderKey, msg, ciphertext }, { alice, bob, address, name }) {
      await bob.store.set({ session: { [address]: session }, 'sender-key': { [name]: senderKey } })
      await ignored(bob.repository.decryptMessage({ jid: alice.jid, type: 'msg', ciphertext }))
      await ignored(bob.repository.decryptGroupMessage({ group: GROUP, authorJid: alice.jid, msg }))
      await bob.repository.validateSession(alice.jid)
      await bob.repository.encryptForDevices([alice.jid], () => Buffer.from('x'))
    },
  },
]

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A refusal of the library is what is wanted; the next step has to cope with the same records. */
async function ignored(promise) {
  try {
    await promise
  } catch (error) {
    if (!('isBoom' in error)) throw error
  }
}
