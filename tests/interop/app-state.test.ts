import { COLLECTION_NAMES, type Phone, SeededRandom } from '@kurir/simulator'
import type { ChatModification } from 'baileys'
import { beforeEach, describe, expect, it } from 'vitest'
import { KurirClient } from '../e2e/support/kurir-client.js'
import { RecordingLogger } from '../e2e/support/recording-logger.js'
import type { SharedChange } from '../model/changes.js'
import { KurirAccount } from '../model/kurir-account.js'
import { modificationOf } from '../model/modification.js'
import { type AccountPicture, pictureOfPhone } from '../model/picture.js'
import { keptFor, type ModelClient, runModel, storedBy } from '../model/run.js'
import { modelSeed, modelSize } from '../model/size.js'
import { type AppStateEvents, ToldAccount } from '../model/told-account.js'
import type { BaileysClient } from './support/baileys-client.js'
import { baileysMediaConfig } from './support/media-trust.js'
import { worldForEachTest } from './support/world.js'

const { changes, timeoutMs } = modelSize(150)
const BOB = '6281110002@s.whatsapp.net'

/** An unmodified Baileys with all its checks on, and what it has been told. */
class BaileysAccount implements ModelClient {
  readonly name = 'Baileys'
  readonly told = new ToldAccount()
  readonly writesAlone = true
  readonly #client: BaileysClient

  constructor(client: BaileysClient) {
    this.#client = client
    client.socket.ev.process(events => this.told.take(events as AppStateEvents))
  }

  get picture() {
    return this.told.picture
  }

  /** Its removals leave the record in its own state, and its stars go into another collection (docs/protocol/04 §10). */
  canMake(change: SharedChange): boolean {
    return change.action !== 'star' && !(change.action === 'contact' && change.contact === null)
  }

  async change(change: SharedChange): Promise<void> {
    const [modification, jid] = modificationOf(change)
    await this.#client.socket.chatModify(modification as ChatModification, jid)
  }

  async takesKey(id: Uint8Array): Promise<void> {
    const name = Buffer.from(id).toString('base64')
    await this.#client.waitFor(() => this.#client.auth.creds.myAppStateKeyId === name, `key ${name}`)
  }

  async collection(name: (typeof COLLECTION_NAMES)[number]) {
    const { [name]: state } = await this.#client.auth.keys.get('app-state-sync-version', [name])
    return state ?? { version: 0, hash: Buffer.alloc(128), indexValueMap: {} }
  }
}

describe('app state with an unmodified Baileys', () => {
  const world = worldForEachTest()
  let phone: Phone
  let log: RecordingLogger

  const linked = async () => {
    const config = {
      ...baileysMediaConfig(world().wa),
      logger: log as never,
      appStateMacVerification: { patch: true, snapshot: true },
    }
    const client = await world().linked('baileys', phone, undefined, config)
    await client.waitFor(() => client.auth.creds.myAppStateKeyId, 'app-state key')
    return client
  }
  const failures = () => log.entries.filter(({ message }) => /sync|patch|LTHash|blocked/i.test(message))

  beforeEach(async () => {
    phone = await world().phone('Owner', 'lenient')
    log = new RecordingLogger()
  })

  it('reads what was there before it was linked, and what the phone changes later', async () => {
    world().wa.appState.patchesPerAnswer = 3
    world().wa.appState.mostInlineMutations = 2
    const contacts = Array.from({ length: 5 }, (_, number) => `62811100${2000 + number}@s.whatsapp.net`)
    await phone.appState.change(
      ...contacts.map(jid => ({ action: 'contact', jid, contact: { fullName: `Name ${jid}` } }) as const),
    )
    for (let round = 0; round < 8; round += 1) {
      await phone.appState.change({
        action: 'label',
        id: String(round),
        label: { name: `Label ${round}`, color: round },
      })
    }
    const client = await linked()
    const account = new BaileysAccount(client)
    const synced = async () => (await account.collection('critical_unblock_low')).version
    await expect.poll(synced, { timeout: 20_000 }).toBe(1)
    await phone.appState.change({ action: 'pin', chat: BOB, on: true })
    await expect.poll(() => account.picture.chats[BOB]?.['pinned'], { timeout: 20_000 }).toBeDefined()
    await phone.appState.rotateKey({ announce: false })
    await account.takesKey(phone.appState.keys.at(-1)?.id ?? Buffer.alloc(0))
    await phone.appState.change({ action: 'pin', chat: BOB, on: false })
    await expect.poll(() => account.picture.chats, { timeout: 20_000 }).toEqual({})
    await client.socket.resyncAppState(COLLECTION_NAMES, false)
    expect(await storedBy(account)).toEqual(keptFor(phone))
    expect(failures()).toEqual([])
    expect(world().violations).toEqual([])
  })

  it('goes on when a key comes later than what it opens', async () => {
    const client = await linked()
    const account = new BaileysAccount(client)
    await phone.appState.change({ action: 'pin', chat: BOB, on: true })
    await phone.appState.rotateKey({ share: false })
    await client.waitFor(() => failures().some(({ message }) => message.includes('parking')), 'missing key')
    await phone.appState.shareKeys(client.jid)
    await expect.poll(() => storedBy(account), { timeout: 20_000 }).toEqual(keptFor(phone))
    expect(world().violations).toEqual([])
  })

  it('has its changes accepted, with every MAC, and seen by the phone', async () => {
    const { socket } = await linked()
    await socket.chatModify({ archive: true, lastMessages: [] }, BOB)
    await socket.chatModify({ mute: 1_900_000_000_000 }, BOB)
    await socket.addOrEditContact(BOB, { fullName: 'Bob', firstName: 'B' })
    await socket.addLabel('', { id: '5', name: 'Paid', color: 2 })
    await socket.addChatLabel(BOB, '5')
    await socket.updateProfileName('Owner 2')
    expect(phone.appState.chat(BOB)).toMatchObject({ archived: true, mutedUntil: 1_900_000_000_000, labels: ['5'] })
    expect(phone.appState.model.contact(BOB)?.fullName).toBe('Bob')
    expect(phone.account.pushName).toBe('Owner 2')
    expect(world().violations).toEqual([])
  })

  const endInTheSameState = async () => {
    const client = await linked()
    const baileys = new BaileysAccount(client)
    const second = new KurirClient(world().wa)
    try {
      const kurir = await KurirAccount.of(await second.link(phone))
      const random = new SeededRandom(`${modelSeed} with Baileys`)
      const run = { changes, atOnce: 5, reconnectEvery: Number.POSITIVE_INFINITY, rotateEvery: 80 }
      const { made, errors } = await runModel({ phone, clients: [baileys, kurir], random, ...run })
      expect({ made, errors }).toEqual({ made: changes, errors: [] })
      await client.socket.resyncAppState(COLLECTION_NAMES, false)
      await expect.poll(() => kurir.isUpToDate(phone), { timeout: 20_000 }).toBe(true)
      expect(await storedBy(baileys)).toEqual(keptFor(phone))
      expect(await storedBy(kurir)).toEqual(keptFor(phone))
      const kept = pictureOfPhone(phone)
      expect(toldByBaileys(baileys.picture, kept)).toEqual(toldByBaileys(kept, kept))
      await expect.poll(() => kurir.picture, { timeout: 20_000 }).toEqual(kept)
      expect(failures()).toEqual([])
      expect(world().violations).toEqual([])
    } finally {
      await second.end()
    }
  }

  it('ends in the same state as a phone and a Kurir after random changes of all', endInTheSameState, timeoutMs)
})

/** Without what Baileys does not tell in every case: read marks and removals that meet others in its buffer (docs/protocol/04 §10.2). */
const toldByBaileys = ({ chats, contacts, ...others }: AccountPicture, kept: AccountPicture): AccountPicture => ({
  ...others,
  contacts: Object.fromEntries(Object.entries(contacts).filter(([jid]) => jid in kept.contacts)),
  chats: Object.fromEntries(
    Object.entries(chats)
      .map(([jid, { unread: _, ...marks }]) => [jid, marks] as const)
      .filter(([, marks]) => Object.keys(marks).length > 0),
  ),
})
