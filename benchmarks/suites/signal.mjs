import assert from 'node:assert/strict'
import { compare } from '../harness.mjs'
import { signalParties } from '../signal-parties.mjs'

const ALICE = '15550001111@s.whatsapp.net'
const BOB = '15550002222@s.whatsapp.net'
const TEXT = Buffer.from(Array.from({ length: 120 }, (_, index) => index & 255))

const readsText = plaintext => assert.ok(TEXT.equals(plaintext), 'the plaintext came out differently')

const repeat = async (count, work) => {
  for (let index = 0; index < count; index += 1) await work(index)
}

/** Each session is with somebody new, as in life: replacing sessions makes Baileys print them to the console. */
const setUp = count => async (alice, bob) => {
  let strangers = 0
  let offers
  return {
    before: async () => {
      offers = []
      await repeat(count, async () => {
        strangers += 1
        const server = 's.whatsapp.net'
        const jids = { asker: `1556${strangers}@${server}`, answerer: `1557${strangers}@${server}` }
        offers.push({ ...jids, bundle: await bob.offer() })
      })
    },
    run: async () => {
      for (const { asker, answerer, bundle } of offers) {
        await alice.begin(answerer, bundle)
        readsText(await bob.decrypt(asker, await alice.encrypt(answerer, TEXT)))
      }
    },
  }
}

/** Both have heard of each other: prekeys are out of the way. */
const conversation = async (alice, bob) => {
  await alice.begin(BOB, await bob.offer())
  const ask = async () => readsText(await bob.decrypt(ALICE, await alice.encrypt(BOB, TEXT)))
  const answer = async () => readsText(await alice.decrypt(BOB, await bob.encrypt(ALICE, TEXT)))
  await ask()
  await answer()
  return { ask, answer }
}

const oneChain = count => async (alice, bob) => {
  const { ask } = await conversation(alice, bob)
  return { run: () => repeat(count, ask) }
}

const pingPong = count => async (alice, bob) => {
  const { ask, answer } = await conversation(alice, bob)
  return {
    run: () =>
      repeat(count, async () => {
        await ask()
        await answer()
      }),
  }
}

const shareGroupKey = async (alice, bob) => {
  const { key, ciphertext } = await alice.encryptForGroup(TEXT)
  await bob.learnGroupKey(ALICE, key)
  readsText(await bob.decryptFromGroup(ALICE, ciphertext))
}

const groupEncrypt = count => async (alice, bob) => {
  await shareGroupKey(alice, bob)
  return { run: () => repeat(count, () => alice.encryptForGroup(TEXT)) }
}

const groupDecrypt = count => async (alice, bob) => {
  await shareGroupKey(alice, bob)
  let messages = []
  return {
    before: async () => {
      messages = []
      await repeat(count, async () => messages.push((await alice.encryptForGroup(TEXT)).ciphertext))
    },
    run: async () => {
      for (const message of messages) readsText(await bob.decryptFromGroup(ALICE, message))
    },
  }
}

export const measure = async () => {
  const rows = []
  for (const [name, operations, target, work] of [
    ['X3DH set-up with first message both ways', 40, 5, setUp],
    ['1:1 on one chain, encrypt + decrypt', 2000, 3, oneChain],
    ['1:1 ping-pong, a ratchet step each', 100, 4, pingPong],
    ['sender key, encrypt', 40, 10, groupEncrypt],
    ['sender key, decrypt', 40, 30, groupDecrypt],
  ]) {
    const contenders = {}
    for (const [library, party] of Object.entries(signalParties)) {
      contenders[library] = await work(operations)(await party(ALICE), await party(BOB))
    }
    const { kurir, ...peers } = contenders
    rows.push(await compare({ name, unit: 'operations/s', operations, target, kurir, peers }))
  }
  return rows
}
