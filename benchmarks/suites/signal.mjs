import { initAuthCreds as baileysCreds, addTransactionCapability as baileysTransactions } from 'baileys'
import { makeLibSignalRepository as baileysRepository } from 'baileys/lib/Signal/libsignal.js'
import { addTransactionCapability, initAuthCreds } from 'kurir/auth'
import { makeLibSignalRepository } from 'kurir/signal'
import { compare } from '../harness.mjs'

const logger = { level: 'silent', child: () => logger, trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** A key store in memory, the same for every contender. */
const memoryStore = () => {
  const rows = new Map()
  return {
    get: async (type, ids) => {
      const found = {}
      for (const id of ids) {
        const value = rows.get(`${type}-${id}`)
        if (value !== undefined) found[id] = value
      }
      return found
    },
    set: async data => {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries)) {
          if (value === null || value === undefined) rows.delete(`${type}-${id}`)
          else rows.set(`${type}-${id}`, value)
        }
      }
    },
  }
}

const kurirParty = () => {
  const creds = initAuthCreds()
  const keys = addTransactionCapability(memoryStore(), logger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
  return { creds, keys, repository: makeLibSignalRepository({ creds, keys }, logger) }
}

const baileysParty = () => {
  const creds = baileysCreds()
  const keys = baileysTransactions(memoryStore(), logger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
  return { creds, keys, repository: baileysRepository({ creds, keys }, logger) }
}

let nextPreKey = 1

/** The bundle a server would hand out for this party, with a fresh one-time prekey. */
const bundleOf = async ({ creds, keys }) => {
  const keyId = nextPreKey
  nextPreKey += 1
  const pair = initAuthCreds().signedIdentityKey
  await keys.set({ 'pre-key': { [keyId]: pair } })
  const typed = key => Buffer.concat([Buffer.from([5]), key])
  return {
    registrationId: creds.registrationId,
    identityKey: typed(creds.signedIdentityKey.public),
    signedPreKey: {
      keyId: creds.signedPreKey.keyId,
      publicKey: typed(creds.signedPreKey.keyPair.public),
      signature: creds.signedPreKey.signature,
    },
    preKey: { keyId, publicKey: typed(pair.public) },
  }
}

const ALICE = '15550001111@s.whatsapp.net'
const BOB = '15550002222@s.whatsapp.net'
const GROUP = '120363040123456789@g.us'
const TEXT = Buffer.from(Array.from({ length: 120 }, (_, index) => index & 255))

const setUp = count => party => {
  const alice = party()
  const bob = party()
  let bundles
  return {
    before: async () => {
      bundles = []
      for (let index = 0; index < count; index += 1) bundles.push(await bundleOf(bob))
    },
    run: async () => {
      for (const session of bundles) {
        await alice.repository.injectE2ESession({ jid: BOB, session })
        const { type, ciphertext } = await alice.repository.encryptMessage({ jid: BOB, data: TEXT })
        await bob.repository.decryptMessage({ jid: ALICE, type, ciphertext })
      }
    },
  }
}

const conversation = async party => {
  const alice = party()
  const bob = party()
  await alice.repository.injectE2ESession({ jid: BOB, session: await bundleOf(bob) })
  const say = async (from, to, fromJid, toJid) => {
    const { type, ciphertext } = await from.repository.encryptMessage({ jid: toJid, data: TEXT })
    return to.repository.decryptMessage({ jid: fromJid, type, ciphertext })
  }
  await say(alice, bob, ALICE, BOB)
  await say(bob, alice, BOB, ALICE)
  return { alice, bob, say }
}

const oneChain = count => async party => {
  const { alice, bob, say } = await conversation(party)
  return {
    run: async () => {
      for (let index = 0; index < count; index += 1) await say(alice, bob, ALICE, BOB)
    },
  }
}

const pingPong = count => async party => {
  const { alice, bob, say } = await conversation(party)
  return {
    run: async () => {
      for (let index = 0; index < count; index += 1) {
        await say(alice, bob, ALICE, BOB)
        await say(bob, alice, BOB, ALICE)
      }
    },
  }
}

const distribute = async party => {
  const alice = party()
  const bob = party()
  const first = await alice.repository.encryptGroupMessage({ group: GROUP, meId: ALICE, data: TEXT })
  await bob.repository.processSenderKeyDistributionMessage({
    authorJid: ALICE,
    item: { groupId: GROUP, axolotlSenderKeyDistributionMessage: first.senderKeyDistributionMessage },
  })
  const encrypt = async () =>
    (await alice.repository.encryptGroupMessage({ group: GROUP, meId: ALICE, data: TEXT })).ciphertext
  const decrypt = message => bob.repository.decryptGroupMessage({ group: GROUP, authorJid: ALICE, msg: message })
  await decrypt(first.ciphertext)
  return { encrypt, decrypt }
}

const groupEncrypt = count => async party => {
  const { encrypt } = await distribute(party)
  return {
    run: async () => {
      for (let index = 0; index < count; index += 1) await encrypt()
    },
  }
}

const groupDecrypt = count => async party => {
  const { encrypt, decrypt } = await distribute(party)
  let messages = []
  return {
    before: async () => {
      messages = []
      for (let index = 0; index < count; index += 1) messages.push(await encrypt())
    },
    run: async () => {
      for (const message of messages) await decrypt(message)
    },
  }
}

export const measure = async () => {
  const rows = []
  for (const [name, operations, target, make] of [
    ['X3DH set-up with first message both ways', 60, 5, setUp],
    ['1:1 on one chain, encrypt + decrypt', 2000, 3, oneChain],
    ['1:1 ping-pong, a ratchet step each', 200, 4, pingPong],
    ['sender key, encrypt', 40, 10, groupEncrypt],
    ['sender key, decrypt', 40, 30, groupDecrypt],
  ]) {
    const contender = make(operations)
    rows.push(
      await compare({
        name,
        unit: 'operations/s',
        operations,
        target,
        kurir: await contender(kurirParty),
        peers: { baileys: await contender(baileysParty) },
      }),
    )
  }
  return rows
}
