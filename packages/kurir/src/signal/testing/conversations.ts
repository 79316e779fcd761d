import { expect } from 'vitest'
import { makeParty, type Party } from './party.js'

/** The bytes of a text. */
export const text = (value: string) => Buffer.from(value)
export type Sent = { type: 'pkmsg' | 'msg'; ciphertext: Uint8Array }

export async function send(from: Party, to: Party, value: string): Promise<Sent> {
  return from.repository.encryptMessage({ jid: to.jid, data: text(value) })
}

export async function read(at: Party, from: Party, sent: Sent): Promise<string> {
  return Buffer.from(await at.repository.decryptMessage({ ...sent, jid: from.jid })).toString()
}

/** Two devices of which the first has the keys of the second. */
export async function contact(options: Parameters<typeof makeParty>[1] = {}): Promise<{ alice: Party; bob: Party }> {
  const alice = makeParty('491500000001@s.whatsapp.net', options)
  const bob = makeParty('491500000002:3@s.whatsapp.net', options)
  await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
  return { alice, bob }
}

/** Two devices that have each read a message of the other. */
export async function conversation(
  options: Parameters<typeof makeParty>[1] = {},
): Promise<{ alice: Party; bob: Party }> {
  const parties = await contact(options)
  const { alice, bob } = parties
  expect(await read(bob, alice, await send(alice, bob, 'hello'))).toBe('hello')
  expect(await read(alice, bob, await send(bob, alice, 'hi'))).toBe('hi')
  return parties
}

/** The message with its MAC damaged; in a pkmsg two short fields follow the message: registration id, signed prekey id. */
export function damaged(sent: Sent): Sent {
  const ciphertext = Buffer.from(sent.ciphertext)
  const position = ciphertext.length - (sent.type === 'msg' ? 1 : 6)
  ciphertext.writeUInt8(ciphertext.readUInt8(position) ^ 1, position)
  return { ...sent, ciphertext }
}
