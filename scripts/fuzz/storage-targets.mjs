import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BufferJSON, initAuthCreds, useMultiFileAuthState } from 'kurir/auth'
import { generateKeyPair } from 'kurir/crypto'
import {
  answerPrimaryHello,
  beginPairingByCode,
  buildPairingQRData,
  configureSuccessfulPairing,
  normalizePairingCode,
  parseLinkCodeNotification,
  parsePairDevice,
  parsePairingQR,
} from 'kurir/pairing'
import { verifyDeviceIdentity } from 'kurir/signal'
import * as answers from './answer-samples.mjs'
import { mutateBytes, mutateNode, mutateText } from './mutate.mjs'
import * as samples from './samples.mjs'

/** What is read from a disk, a screen or a phone. */

const base64 = bytes => Buffer.from(bytes).toString('base64')
const creds = { ...initAuthCreds(), advSecretKey: base64(samples.advSecret), signedIdentityKey: samples.device }
const qr = buildPairingQRData(
  '2@ref,with,commas',
  base64(creds.noiseKey.public),
  base64(creds.signedIdentityKey.public),
  creds.advSecretKey,
  ['Ubuntu', 'Chrome', '22'],
)
const credsText = JSON.stringify(creds, BufferJSON.replacer)

export const storageTargets = [
  { name: 'QR text', share: 6, make: random => mutateText(random, qr), run: text => void parsePairingQR(text) },
  {
    name: 'pairing code',
    share: 2,
    make: random => mutateText(random, 'ABCD-1234'),
    run: text => void normalizePairingCode(text),
  },
  {
    name: 'pairing stanzas',
    share: 3,
    make: random => mutateNode(random, random.pick([answers.pairSuccess, answers.pairDevice, answers.linkCode])),
    run(stanza) {
      for (const read of [parsePairDevice, parseLinkCodeNotification, node => configureSuccessfulPairing(node, creds)])
        refusable(() => read(stanza))
    },
  },
  {
    name: 'granted and shown identities',
    share: 2,
    make: random =>
      random.chance(0.5)
        ? { grant: mutateBytes(random, samples.grant) }
        : { identity: mutateBytes(random, samples.deviceIdentity) },
    run({ grant, identity }) {
      if (identity) return void verifyDeviceIdentity(identity, samples.device.public, samples.accountKey)
      const [success] = answers.pairSuccess.content
      const content = success.content.map(node => (node.tag === 'device-identity' ? { ...node, content: grant } : node))
      configureSuccessfulPairing({ ...answers.pairSuccess, content: [{ ...success, content }] }, creds)
    },
  },
  {
    name: 'answer of the phone to a code',
    share: 0.02,
    async prepare() {
      const pairing = await beginPairingByCode({
        creds,
        phoneNumber: '6281110001',
        browser: ['Ubuntu', 'Chrome', '22'],
        code: 'ABCD1234',
      })
      return { pairing: { ...pairing, reference: answers.linkCode.content[0].content[2].content } }
    },
    make: random => mutateNode(random, answers.linkCode),
    async run(stanza, { pairing }) {
      const stage = parseLinkCodeNotification(stanza)
      if (stage.kind === 'primary-hello') await answerPrimaryHello(stage, pairing, creds)
    },
  },
  {
    name: 'BufferJSON',
    share: 5,
    make: random => mutateText(random, random.chance(0.2) ? '{"a":{"type":"Buffer","data":[1,2,{"b":1}]}}' : credsText),
    run(text) {
      if (isJson(text)) JSON.parse(text, BufferJSON.reviver)
    },
  },
  {
    name: 'auth folder',
    share: 0.05,
    async prepare() {
      const folder = await mkdtemp(join(tmpdir(), 'kurir-fuzz-'))
      const auth = await useMultiFileAuthState(folder, { durability: 'process-crash' })
      const pairs = Object.fromEntries(Array.from({ length: 5 }, (_, id) => [id + 1, generateKeyPair()]))
      await auth.state.keys.set({
        'pre-key': pairs,
        session: { '1_1.0': Buffer.alloc(90, 1) },
        'lid-mapping': { 628: '100' },
      })
      await auth.saveCreds()
      const live = await filesOf(folder)
      await auth.close()
      return { folder, variants: [live, await filesOf(folder)] }
    },
    make(random, { variants }) {
      const files = random.pick(variants)
      const [spoiled, content] = random.pick(files)
      return files.map(([name, bytes]) => [name, name === spoiled ? mutateBytes(random, content) : bytes])
    },
    async run(files, { folder }) {
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true })
      for (const [name, bytes] of files) await writeFile(join(folder, name), bytes)
      const auth = await useMultiFileAuthState(folder, { durability: 'process-crash' })
      try {
        await auth.state.keys.get('pre-key', ['1', '2', '3'])
        await auth.state.keys.get('session', ['1_1.0'])
        await auth.state.keys.get('lid-mapping', ['628'])
        await auth.saveCreds()
      } finally {
        await auth.close()
      }
    },
    end: ({ folder }) => rm(folder, { recursive: true, force: true }),
  },
]

async function filesOf(folder) {
  const files = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    // The lock belongs to the process.
    if (entry.isFile() && !entry.name.includes('lock'))
      files.push([entry.name, await readFile(join(folder, entry.name))])
  }
  return files
}

/** Runs one of several readings that all have to refuse properly. */
function refusable(read) {
  try {
    read()
  } catch (error) {
    if (!('isBoom' in error)) throw error
  }
}

function isJson(text) {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
