/**
 * One end of an encrypted conversation, in each library, behind the same few verbs. Every party has an identity, a
 * signed prekey and a store in memory; the bundle it offers holds a fresh one-time prekey. Beginning a session checks
 * the signature of the signed prekey.
 *
 * @typedef {object} SignalParty
 * @property {() => Promise<unknown>} offer  The bundle a server would hand out, in the library's own form.
 * @property {(jid: string, bundle: unknown) => Promise<void>} begin
 * @property {(jid: string, text: Uint8Array) => Promise<{ type: string, ciphertext: Uint8Array }>} encrypt
 * @property {(jid: string, message: { type: string, ciphertext: Uint8Array }) => Promise<Uint8Array>} decrypt
 * @property {(text: Uint8Array) => Promise<{ ciphertext: Uint8Array, key: Uint8Array }>} encryptForGroup
 *   With the sender key distribution message that goes with it.
 * @property {(jid: string, key: Uint8Array) => Promise<void>} learnGroupKey
 * @property {(jid: string, ciphertext: Uint8Array) => Promise<Uint8Array>} decryptFromGroup
 */
import * as baileys from 'baileys'
import { makeLibSignalRepository as baileysRepository } from 'baileys/lib/Signal/libsignal.js'
import { addTransactionCapability, initAuthCreds, makeMemoryKeyStore } from 'kurir/auth'
import { silentLogger } from 'kurir/logger'
import { makeLibSignalRepository } from 'kurir/signal'
import { toRawPubKey, toSerializedPubKey, xeddsaVerify } from 'zapo-js/crypto'
import {
  generatePreKeyPair,
  generateRegistrationInfo,
  generateSignedPreKey,
  SenderKeyManager,
  SignalProtocol,
} from 'zapo-js/signal'
import {
  SenderKeyMemoryStore,
  WaIdentityMemoryStore,
  WaPreKeyMemoryStore,
  WaSessionMemoryStore,
  WaSignalMemoryStore,
} from 'zapo-js/store'

const GROUP = '120363040123456789@g.us'

/** Kurir and Baileys share the interface of the repository. */
const repositoryParty = library => async ownJid => {
  const creds = library.initAuthCreds()
  const options = { maxCommitRetries: 1, delayBetweenTriesMs: 1 }
  const keys = library.addTransactionCapability(makeMemoryKeyStore(), silentLogger, options)
  const repository = library.makeLibSignalRepository({ creds, keys }, silentLogger)
  const typed = key => Buffer.concat([Buffer.from([5]), key])
  let lastPreKeyId = 0
  return {
    offer: async () => {
      lastPreKeyId += 1
      const pair = library.initAuthCreds().signedIdentityKey
      await keys.set({ 'pre-key': { [lastPreKeyId]: pair } })
      return {
        registrationId: creds.registrationId,
        identityKey: typed(creds.signedIdentityKey.public),
        signedPreKey: {
          keyId: creds.signedPreKey.keyId,
          publicKey: typed(creds.signedPreKey.keyPair.public),
          signature: creds.signedPreKey.signature,
        },
        preKey: { keyId: lastPreKeyId, publicKey: typed(pair.public) },
      }
    },
    begin: (jid, session) => repository.injectE2ESession({ jid, session }),
    encrypt: (jid, data) => repository.encryptMessage({ jid, data }),
    decrypt: (jid, { type, ciphertext }) => repository.decryptMessage({ jid, type, ciphertext }),
    encryptForGroup: async data => {
      const message = await repository.encryptGroupMessage({ group: GROUP, meId: ownJid, data })
      return { ciphertext: message.ciphertext, key: message.senderKeyDistributionMessage }
    },
    learnGroupKey: (authorJid, key) =>
      repository.processSenderKeyDistributionMessage({
        authorJid,
        item: { groupId: GROUP, axolotlSenderKeyDistributionMessage: key },
      }),
    decryptFromGroup: (authorJid, msg) => repository.decryptGroupMessage({ group: GROUP, authorJid, msg }),
  }
}

/** zapo-js' stores in memory hold its records as objects: nothing is encoded. */
const zapoParty = async ownJid => {
  const stores = {
    signal: new WaSignalMemoryStore(),
    preKey: new WaPreKeyMemoryStore(),
    session: new WaSessionMemoryStore(),
    identity: new WaIdentityMemoryStore(),
  }
  const registration = await generateRegistrationInfo()
  const signedPreKey = await generateSignedPreKey(1, registration.identityKeyPair.privKey)
  await stores.signal.setRegistrationInfo(registration)
  await stores.signal.setSignedPreKey(signedPreKey)
  const protocol = new SignalProtocol(stores, silentLogger)
  const groups = new SenderKeyManager(new SenderKeyMemoryStore())
  const addressOf = jid => ({ user: jid.split('@')[0], server: jid.split('@')[1], device: 0 })
  let lastPreKeyId = 0
  return {
    offer: async () => {
      lastPreKeyId += 1
      const preKey = await generatePreKeyPair(lastPreKeyId)
      await stores.preKey.putPreKey(preKey)
      return {
        regId: registration.registrationId,
        identity: toSerializedPubKey(registration.identityKeyPair.pubKey),
        signedKey: {
          id: signedPreKey.keyId,
          publicKey: toSerializedPubKey(signedPreKey.keyPair.pubKey),
          signature: signedPreKey.signature,
        },
        oneTimeKey: { id: preKey.keyId, publicKey: toSerializedPubKey(preKey.keyPair.pubKey) },
      }
    },
    begin: async (jid, bundle) => {
      // The library never checks this signature; here its own routine does, since the others check theirs.
      const { publicKey, signature } = bundle.signedKey
      if (!(await xeddsaVerify(toRawPubKey(bundle.identity), publicKey, signature))) throw new Error('bad signature')
      await protocol.establishOutgoingSession(addressOf(jid), bundle)
    },
    encrypt: (jid, text) => protocol.encryptMessage(addressOf(jid), text),
    decrypt: (jid, message) => protocol.decryptMessage(addressOf(jid), message),
    encryptForGroup: async text => {
      const message = await groups.prepareGroupEncryption(GROUP, addressOf(ownJid), text)
      return {
        ciphertext: message.ciphertext.ciphertext,
        key: message.distributionMessage.axolotlSenderKeyDistributionMessage,
      }
    },
    learnGroupKey: (jid, key) => groups.processSenderKeyDistributionPayload(GROUP, addressOf(jid), key),
    decryptFromGroup: (jid, ciphertext) =>
      groups.decryptGroupMessage({ groupId: GROUP, sender: addressOf(jid), ciphertext }),
  }
}

/** Makes a party with this JID, by library. @type {Record<string, (ownJid: string) => Promise<SignalParty>>} */
export const signalParties = {
  kurir: repositoryParty({ addTransactionCapability, initAuthCreds, makeLibSignalRepository }),
  baileys: repositoryParty({ ...baileys, makeLibSignalRepository: baileysRepository }),
  zapo: zapoParty,
}
