import { aesCbcDecryptBlocks } from '../crypto/aes.js'
import { hmacSha256 } from '../crypto/digest.js'
import { constantTimeEqual } from '../crypto/random.js'
import { shortHmacLimit, shortHmacWith } from '../crypto/short-hmac.js'
import { shortHmac512With } from '../crypto/short-hmac512.js'
import { proto } from '../proto/index.js'
import { appStateMacMismatch, invalidAppState } from './app-state-error.js'
import { recordMacLength } from './collection-state.js'
import { parseIndex, type ReceivedRecord, valueMacInput } from './mutation.js'
import type { ExpandedAppStateKey } from './sync-keys.js'

/** What was in a record. `index` is undefined when it is no list of texts: such a record counts, and says nothing. */
export interface RecordContent {
  readonly index: readonly string[] | undefined
  readonly value: proto.ISyncActionValue | undefined
  readonly version: number
}

/** Records that are checked and decrypted together: a call into OpenSSL costs more than the bytes of a record. */
const recordsAtOnce = 256
const blockLength = 16

/**
 * Checks and decrypts records (docs/protocol/04, 1.9), and gives the content of each in order. Either all are what they
 * claim to be, or none is believed.
 *
 * @param keyOf the key of a record; its records follow one another as a rule
 * @throws AppStateError `app-state-mac-mismatch`, `invalid-app-state`
 */
export function openRecords(
  records: readonly ReceivedRecord[],
  keyOf: (record: ReceivedRecord) => ExpandedAppStateKey,
): RecordContent[] {
  const contents: RecordContent[] = []
  let start = 0
  while (start < records.length) {
    const key = keyOf(records[start] as ReceivedRecord)
    let end = start + 1
    while (end < records.length && end - start < recordsAtOnce && keyOf(records[end] as ReceivedRecord) === key)
      end += 1
    openRun(records.slice(start, end), key, contents)
    start = end
  }
  return contents
}

/** Records of one key. */
function openRun(records: readonly ReceivedRecord[], key: ExpandedAppStateKey, contents: RecordContent[]): void {
  const valueMac = shortHmac512With(key.valueMacKey)
  checkMacs(records, 'value', (record, computed, offset) => {
    valueMac(valueMacInput(record.operation, record.keyId, record.encrypted), computed, offset, recordMacLength)
    return record.valueMac
  })
  const actions = decryptValues(records, key).map(decodeAction)
  const indexMac = indexMacWith(key)
  checkMacs(records, 'index', (record, computed, offset, position) => {
    indexMac((actions[position] as DecodedAction).index, computed, offset)
    return record.indexMac
  })
  for (const { index, value, version } of actions) {
    contents.push({ index: parseIndex(index), value: value ?? undefined, version: version ?? 0 })
  }
}

/** Writes the MAC that a record should have to `computed` at `offset`, and returns the one that it has. */
type MacRule = (record: ReceivedRecord, computed: Uint8Array, offset: number, position: number) => Uint8Array

/** Compares the MACs of all records at once. */
function checkMacs(records: readonly ReceivedRecord[], what: 'value' | 'index', rule: MacRule): void {
  const length = records.length * recordMacLength
  const computed = Buffer.allocUnsafe(length)
  const claimed = Buffer.allocUnsafe(length)
  records.forEach((record, position) => {
    const offset = position * recordMacLength
    claimed.set(rule(record, computed, offset, position), offset)
  })
  if (!constantTimeEqual(computed, claimed)) throw appStateMacMismatch(what)
}

/** Long indexes are not worth a way of their own: they go through node:crypto. */
function indexMacWith({
  indexKey,
}: ExpandedAppStateKey): (index: Uint8Array, target: Uint8Array, offset: number) => void {
  const short = shortHmacWith(indexKey)
  return (index, target, offset) => {
    if (index.byteLength <= shortHmacLimit) short(index, target, offset)
    else target.set(hmacSha256(indexKey, index), offset)
  }
}

/**
 * The contents of authentic records. All ciphertexts, each behind its initialisation vector, are decrypted as one; what
 * the vectors themselves decrypt to is not looked at.
 */
function decryptValues(records: readonly ReceivedRecord[], key: ExpandedAppStateKey): Uint8Array[] {
  const length = records.reduce((total, { encrypted }) => total + encrypted.byteLength, 0)
  const ciphertext = Buffer.allocUnsafe(length)
  let offset = 0
  for (const { encrypted } of records) {
    if (encrypted.byteLength % blockLength !== 0 || encrypted.byteLength < 2 * blockLength) throw undecryptable()
    ciphertext.set(encrypted, offset)
    offset += encrypted.byteLength
  }
  const plaintext = aesCbcDecryptBlocks(key.valueEncryptionKey, noIv, ciphertext)
  offset = 0
  return records.map(({ encrypted }) => {
    const start = offset + blockLength
    offset += encrypted.byteLength
    return plaintext.subarray(start, endOfContent(plaintext, offset))
  })
}

const noIv = Buffer.alloc(blockLength)

/** Where the content before a padding of PKCS#7 ends. The MAC is checked by now: this tells nobody anything. */
function endOfContent(plaintext: Uint8Array, end: number): number {
  const padding = plaintext[end - 1] as number
  if (padding === 0 || padding > blockLength) throw undecryptable()
  for (let position = end - padding; position < end; position++) {
    if (plaintext[position] !== padding) throw undecryptable()
  }
  return end - padding
}

const undecryptable = () => invalidAppState('a value that does not decrypt')

type DecodedAction = Omit<proto.ISyncActionData, 'index'> & { readonly index: Uint8Array }

function decodeAction(bytes: Uint8Array): DecodedAction {
  let action: proto.SyncActionData
  try {
    action = proto.SyncActionData.decode(bytes)
  } catch (error) {
    throw invalidAppState('a value that is no action', {}, error)
  }
  const { index, value, version } = action
  if (!index) throw invalidAppState('a record without index')
  return { index, value, version }
}
