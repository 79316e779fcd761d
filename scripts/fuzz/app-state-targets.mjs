import {
  actionEvents,
  applyPatch,
  applySnapshot,
  composePatch,
  expandAppStateKey,
  keyIdsOf,
  newLTHashState,
  openRecords,
  parseServerSync,
  parseSyncAnswer,
  parseUploadAnswer,
  readCollectionState,
  readKeyShare,
  readRecord,
  sealMutation,
  snapshotMac,
  valueMacInput,
} from 'kurir/app-state'
import { aesCbcEncrypt, hmacSha256, hmacSha512 } from 'kurir/crypto'
import { proto } from 'kurir/proto'
import { mutateBytes, mutateNode } from './mutate.mjs'

/** App state: what the server keeps of an account, and what its devices write into it. */

const collection = 'regular_low'
const chat = '6281110002@s.whatsapp.net'
const keyId = Buffer.from('000100000001', 'hex')
const key = { keyId, expanded: expandAppStateKey(Buffer.alloc(32, 7)) }
const keyOf = id => (id === 'AAEAAAAB' ? key.expanded : undefined)
const iv = () => Buffer.alloc(16, 3)
const encoded = (type, value) => Buffer.from(type.encode(value).finish())

const actions = [
  [['mute', chat], { muteAction: { muted: true, muteEndTimestamp: -1 } }],
  [['archive', chat], { archiveChatAction: { archived: true, messageRange: { lastMessageTimestamp: 100 } } }],
  [['star', chat, 'M1', '0', '0'], { starAction: { starred: true } }],
  [['contact', chat], { contactAction: { fullName: 'Bob', lidJid: '100000000000002@lid' } }],
  [['label_message', '7', chat, 'M1', '0', '0'], { labelAssociationAction: { labeled: true } }],
  [['setting_unarchiveChats'], { unarchiveChatsSetting: { unarchiveChats: true } }],
  [['nct_salt_sync'], { nctSaltSyncAction: { salt: Buffer.alloc(16, 1) } }],
  [['settings_sync', '1', '2', chat], { settingsSyncAction: {} }],
  [['brand_new', 'x'], {}],
].map(([index, value]) => ({ operation: 'set', index, value: { timestamp: 1_700_000_000_000, ...value }, version: 2 }))

const { patch, state } = composePatch({ collection, state: newLTHashState(), mutations: actions, key, random: iv })
const patches = [
  { ...patch, version: { version: 1 } },
  { ...patch, version: { version: 1 }, mutations: [], externalMutations: { directPath: '/x', mediaKey: iv() } },
  { ...patch, version: { version: 1 }, exitCode: { code: 1, text: 'x' } },
].map(value => encoded(proto.SyncdPatch, value))

const records = actions.map(mutation => sealMutation(mutation, key, iv).record)
const mac = snapshotMac(key.expanded, collection, state)
const snapshot = encoded(proto.SyncdSnapshot, { version: { version: 1 }, records, mac, keyId: { id: keyId } })

const plaintexts = actions.map(({ index, value, version }) =>
  encoded(proto.SyncActionData, {
    index: Buffer.from(JSON.stringify(index)),
    value,
    padding: Buffer.alloc(0),
    version,
  }),
)

/** A record that is authentic whatever is in it, as another device of the account could write it. */
function authentic(plaintext, operation) {
  const { expanded } = key
  const encrypted = Buffer.concat([iv(), aesCbcEncrypt(expanded.valueEncryptionKey, iv(), plaintext)])
  const valueMac = hmacSha512(expanded.valueMacKey, ...valueMacInput(operation, keyId, encrypted)).subarray(0, 32)
  return readRecord(
    {
      index: { blob: hmacSha256(expanded.indexKey, indexOf(plaintext)) },
      value: { blob: Buffer.concat([encrypted, valueMac]) },
      keyId: { id: keyId },
    },
    operation,
  )
}

function indexOf(plaintext) {
  try {
    return proto.SyncActionData.decode(plaintext).index ?? Buffer.alloc(0)
  } catch {
    return Buffer.alloc(0)
  }
}

const me = { id: '6281110001:2@s.whatsapp.net', name: 'Alice' }
const contexts = [
  { me, accountSettings: { unarchiveChats: true }, initial: true },
  { me: undefined, accountSettings: undefined, initial: false },
]
const unknownChats = { historySets: { chats: {} }, chatUpserts: { [chat]: { id: chat } } }

function tell(mutation) {
  for (const context of contexts) {
    for (const { event, data } of actionEvents(mutation, context)) {
      if (event === 'chats.update') for (const update of data) update.conditional?.(unknownChats)
    }
  }
}

const share = encoded(proto.Message.AppStateSyncKeyShare, {
  keys: [
    {
      keyId: { keyId },
      keyData: { keyData: Buffer.alloc(32, 7), fingerprint: { rawId: 1, deviceIndexes: [0] }, timestamp: 1 },
    },
    { keyId: { keyId: Buffer.alloc(6, 2) } },
  ],
})

const reference = encoded(proto.ExternalBlobReference, { directPath: '/x', mediaKey: iv(), fileSizeBytes: 5 })
const answer = {
  tag: 'iq',
  attrs: { type: 'result' },
  content: [
    {
      tag: 'sync',
      attrs: {},
      content: [
        {
          tag: 'collection',
          attrs: { name: collection, version: '4', has_more_patches: 'true' },
          content: [
            { tag: 'snapshot', attrs: {}, content: reference },
            { tag: 'patches', attrs: {}, content: [{ tag: 'patch', attrs: {}, content: patches[0] }] },
          ],
        },
        {
          tag: 'collection',
          attrs: { name: 'regular', type: 'error' },
          content: [{ tag: 'error', attrs: { code: '409', text: 'conflict' } }],
        },
      ],
    },
  ],
}

const stored = { version: 3, hash: 'hash', indexValueMap: { 'AA==': { valueMac: 'mac' } } }

export const appStateTargets = [
  {
    name: 'app-state snapshot',
    share: 4,
    make: random => mutateBytes(random, snapshot),
    run(bytes) {
      const decoded = proto.SyncdSnapshot.decode(bytes)
      keyIdsOf(decoded)
      const result = applySnapshot(collection, decoded, keyOf)
      if (result.kind === 'applied') result.mutations.forEach(tell)
    },
  },
  {
    name: 'app-state patch',
    share: 4,
    make: random => mutateBytes(random, random.pick(patches), patches),
    run(bytes) {
      const result = applyPatch(collection, newLTHashState(), proto.SyncdPatch.decode(bytes), keyOf)
      if (result.kind === 'applied') result.mutations.forEach(tell)
    },
  },
  {
    name: 'app-state mutation',
    share: 6,
    make: random => ({
      plaintext: mutateBytes(random, random.pick(plaintexts), plaintexts),
      operation: random.chance(0.8) ? 'set' : 'remove',
    }),
    run({ plaintext, operation }) {
      const [{ index, value, version }] = openRecords([authentic(plaintext, operation)], () => key.expanded)
      if (index !== undefined) tell({ collection, operation, index, value, version })
    },
  },
  {
    name: 'app-state key share',
    share: 2,
    make: random => mutateBytes(random, share),
    run: bytes => readKeyShare(proto.Message.AppStateSyncKeyShare.decode(bytes)),
  },
  {
    name: 'app-state answer',
    share: 3,
    make: random => mutateNode(random, answer),
    run(node) {
      parseSyncAnswer(node)
      parseUploadAnswer(collection, node)
      parseServerSync(node)
    },
  },
  {
    name: 'stored app state',
    share: 2,
    make(random) {
      const text = mutateBytes(random, Buffer.from(JSON.stringify(stored))).toString()
      try {
        const reviver = (_, value) =>
          value === 'mac' ? Buffer.alloc(32) : value === 'hash' ? Buffer.alloc(128) : value
        return JSON.parse(text, reviver)
      } catch {
        return text
      }
    },
    run: value => readCollectionState(value),
  },
]
