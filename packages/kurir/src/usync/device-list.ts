import { KurirError } from '../errors/index.js'
import type { DeviceListData, KeyIndexData, ParsedDeviceInfo } from './device-protocol.js'
import {
  type DeviceEntry,
  type DeviceRecord,
  PRIMARY_DEVICE,
  PRIMARY_ONLY,
  withExpectedTimestamp,
} from './device-record.js'
import {
  decodeSignedKeyIndexList,
  type KeyIndexList,
  keyIndexListInvalid,
  type SignedKeyIndexList,
  verifyKeyIndexList,
} from './key-index-list.js'

/**
 * From what the server says about somebody's devices to the devices we write to (docs/protocol/02, from result to device
 * JIDs and ADVSignedKeyIndexList). The server is not believed: a companion counts only when the account's signed list
 * vouches for it. Pure functions; storing the record and deleting sessions is the caller's.
 */

/** What to do with an answer or a notification about one user's devices. */
export type DeviceListOutcome =
  | {
      /**
       * Store the record. First delete the sessions, identities and sender-key marks of the devices `gone`: they were
       * removed, or their number now belongs to another device. `registration: 'new'` says that this is because the
       * account was registered anew; then `gone` has all earlier companions.
       */
      readonly kind: 'updated'
      readonly record: DeviceRecord
      readonly gone: readonly number[]
      readonly registration: 'same' | 'new'
      /** The key of a hosted account, to be stored as the identity of device 0. */
      readonly hostedKey?: Uint8Array
    }
  /** What we have still stands. Store the record: the server may have announced a newer list in it. */
  | { readonly kind: 'unchanged'; readonly record: DeviceRecord }
  /** Older than what we have: ignore. */
  | { readonly kind: 'outdated' }
  /** The identity key of the user's device 0 is needed: fetch it and call again. */
  | { readonly kind: 'identity-needed' }
  /** What we have cannot be brought up to date: delete the sessions of the devices `gone`, ask the server when needed. */
  | { readonly kind: 'invalidated'; readonly gone: readonly number[] }
  /** Not believable: keep what we have. */
  | { readonly kind: 'refused'; readonly error: KurirError }

/** What is known on our side when a list is judged. */
export interface DeviceListContext {
  readonly stored: DeviceRecord | undefined
  /** The stored identity key of the user's device 0, 32 or 33 bytes. */
  readonly primaryIdentity: Uint8Array | undefined
  /**
   * Believe the key inside the list when a hosted device is listed. It replaces the user's identity, so it is for
   * clients that show identity changes of hosted businesses. Default false.
   */
  readonly hostedSupport?: boolean
}

/**
 * Applies a `devices` answer of a usync query, or the own list in an `account_sync` notification.
 */
export function applyDeviceList(info: ParsedDeviceInfo, context: DeviceListContext): DeviceListOutcome {
  const { deviceList, keyIndex } = info
  const signedBytes = keyIndex?.signedKeyIndex
  if (keyIndex === undefined || signedBytes === undefined) return applyUnsigned(deviceList, keyIndex, context.stored)
  return judged(keyIndex, signedBytes, deviceList, context, list => {
    const stored = storedUnder(list, context.stored)
    const candidates = deviceList?.map(entryOf) ?? stored
    return [...candidates.filter(device => isValid(device, list)), ...stored.filter(device => isNewer(device, list))]
  })
}

/**
 * Applies `<add>` of a devices notification: the stored devices that the new list still vouches for, and the added ones
 * if the list names them or is older than they are.
 */
export function applyAddedDevices(
  added: readonly DeviceListData[],
  keyIndex: KeyIndexData | undefined,
  context: DeviceListContext,
): DeviceListOutcome {
  const signedBytes = keyIndex?.signedKeyIndex
  if (context.stored?.rawId === undefined || keyIndex === undefined || signedBytes === undefined) {
    return { kind: 'invalidated', gone: [] }
  }
  return judged(keyIndex, signedBytes, added, context, list =>
    [...added.map(entryOf), ...storedUnder(list, context.stored)].filter(
      device => isValid(device, list) || isNewer(device, list),
    ),
  )
}

/**
 * Applies `<remove>` of a devices notification. The phone cannot be removed. No signature is asked for: a server that
 * lies here withholds messages, which it can do anyway.
 *
 * @param listTimestamp seconds: the `ts` of the notification's `key-index-list`
 */
export function applyRemovedDevices(
  removed: readonly number[],
  listTimestamp: number | undefined,
  stored: DeviceRecord | undefined,
): DeviceListOutcome {
  const gone = removed.filter(id => id !== 0)
  if (stored === undefined) return { kind: 'invalidated', gone }
  const devices = stored.devices.filter(device => !gone.includes(device.id))
  const expected = Math.max(listTimestamp ?? 0, stored.expectedTimestamp ?? 0)
  return {
    kind: 'updated',
    record: withExpectedTimestamp({ ...stored, devices }, expected),
    gone,
    registration: 'same',
  }
}

/** A companion that has shown, beside a message, that its account vouches for it (docs/protocol/02, device identity). */
export interface VouchedDevice {
  readonly id: number
  readonly rawId: number
  readonly keyIndex: number
  readonly isHosted: boolean
}

/**
 * Adds a companion learned from a message. With `identityChanged` (the account key differs from the stored identity of
 * device 0), another registration, or without a record, only the phone and this device remain.
 */
export function applyVouchedDevice(
  device: VouchedDevice,
  stored: DeviceRecord | undefined,
  identityChanged: boolean,
): DeviceListOutcome & { kind: 'updated' } {
  const { id, rawId, keyIndex, isHosted } = device
  const isKnownRegistration = stored?.rawId === rawId && !identityChanged
  const base = isKnownRegistration ? stored : { ...PRIMARY_ONLY, rawId }
  const others = base.devices.filter(known => known.id !== id)
  const record: DeviceRecord = { ...base, devices: ordered([...others, { id, keyIndex, isHosted }]) }
  const isNew = identityChanged || (stored?.rawId !== undefined && stored.rawId !== rawId)
  // Not this device: its message is what we are reading, over a session of its own.
  const gone = (isNew ? companionIds(stored) : replacedIn(stored, record)).filter(known => known !== id)
  return { kind: 'updated', record, gone, registration: isNew ? 'new' : 'same' }
}

/** An answer without signed list may confirm what we have, or say that there is only a phone. */
function applyUnsigned(
  deviceList: readonly DeviceListData[] | undefined,
  keyIndex: KeyIndexData | undefined,
  stored: DeviceRecord | undefined,
): DeviceListOutcome {
  if (deviceList?.some(device => device.id !== 0)) return { kind: 'refused', error: keyIndexListInvalid('missing') }
  const record = stored ?? PRIMARY_ONLY
  return { kind: 'unchanged', record: withExpectedTimestamp(record, keyIndex?.expectedTimestamp) }
}

/** Verifies the signed list and makes the record of the devices that `select` takes under it. */
function judged(
  keyIndex: KeyIndexData,
  signedBytes: Uint8Array,
  named: readonly DeviceListData[] | undefined,
  context: DeviceListContext,
  select: (list: KeyIndexList) => readonly DeviceEntry[],
): DeviceListOutcome {
  const { stored } = context
  if (stored !== undefined && keyIndex.timestamp < stored.timestamp) return { kind: 'outdated' }
  try {
    const signed = decodeSignedKeyIndexList(signedBytes)
    const hostedKey = context.hostedSupport && named?.some(isHostedDevice) ? signed.embeddedKey : undefined
    if (!isKnown(signed.list, stored)) {
      const key = hostedKey ?? context.primaryIdentity
      if (key === undefined) return { kind: 'identity-needed' }
      verifyKeyIndexList(signed, key)
    }
    if (signed.list.timestamp !== keyIndex.timestamp) throw keyIndexListInvalid('timestamp')
    return recorded(signed, keyIndex, select(signed.list), stored, hostedKey)
  } catch (error) {
    if (error instanceof KurirError) return { kind: 'refused', error }
    throw error
  }
}

function recorded(
  { list }: SignedKeyIndexList,
  keyIndex: KeyIndexData,
  selected: readonly DeviceEntry[],
  stored: DeviceRecord | undefined,
  hostedKey: Uint8Array | undefined,
): DeviceListOutcome {
  const record = withExpectedTimestamp({ ...list, devices: ordered(selected) }, keyIndex.expectedTimestamp)
  const isNew = stored?.rawId !== undefined && !isSameRegistration(list, stored)
  return {
    kind: 'updated',
    record,
    gone: isNew ? companionIds(stored) : replacedIn(stored, record),
    registration: isNew ? 'new' : 'same',
    ...(hostedKey !== undefined && { hostedKey }),
  }
}

/** The same statement as the one already verified: nothing in it could have been forged. Spares the signature check. */
function isKnown(list: KeyIndexList, stored: DeviceRecord | undefined): boolean {
  return (
    stored !== undefined &&
    stored.timestamp > 0 &&
    stored.timestamp === list.timestamp &&
    isSameRegistration(list, stored) &&
    stored.currentIndex === list.currentIndex &&
    stored.validIndexes.length === list.validIndexes.length &&
    stored.validIndexes.every((index, place) => index === list.validIndexes[place])
  )
}

function isSameRegistration(list: KeyIndexList, stored: DeviceRecord | undefined): boolean {
  // Only a list tells the account type; a record without one has not learned it.
  return stored?.rawId === list.rawId && (stored.timestamp === 0 || stored.hosted === list.hosted)
}

/** The stored devices that may count under this list: none of an earlier registration. */
function storedUnder(list: KeyIndexList, stored: DeviceRecord | undefined): readonly DeviceEntry[] {
  return stored !== undefined && isSameRegistration(list, stored) ? stored.devices : []
}

function isValid({ keyIndex }: DeviceEntry, list: KeyIndexList): boolean {
  return keyIndex !== undefined && list.validIndexes.includes(keyIndex)
}

function isNewer({ keyIndex }: DeviceEntry, list: KeyIndexList): boolean {
  return keyIndex !== undefined && keyIndex > list.currentIndex
}

/** A hosted device is marked, or has the number 99. */
export function isHostedDevice({ id, isHosted }: { readonly id: number; readonly isHosted?: boolean }): boolean {
  return isHosted === true || id === HOSTED_DEVICE_ID
}

const HOSTED_DEVICE_ID = 99

function entryOf(device: DeviceListData): DeviceEntry {
  const { id, keyIndex } = device
  return { id, ...(keyIndex !== undefined && { keyIndex }), isHosted: isHostedDevice(device) }
}

/** Sorted by number, the phone first and always there. Of two with one number, the newer key index wins. */
function ordered(devices: readonly DeviceEntry[]): DeviceEntry[] {
  const byId = new Map([[PRIMARY_DEVICE.id, PRIMARY_DEVICE]])
  for (const device of devices) {
    const known = byId.get(device.id)
    if (known === undefined || (device.keyIndex ?? -1) > (known.keyIndex ?? -1)) byId.set(device.id, device)
  }
  return [...byId.values()].sort((a, b) => a.id - b.id)
}

function companionIds(record: DeviceRecord | undefined): number[] {
  return (record?.devices ?? []).map(device => device.id).filter(id => id !== 0)
}

/** Companions of the old record that are missing in the new one, or whose number went to another device. */
function replacedIn(stored: DeviceRecord | undefined, record: DeviceRecord): number[] {
  const indexes = new Map(record.devices.map(device => [device.id, device.keyIndex]))
  return (stored?.devices ?? [])
    .filter(({ id, keyIndex }) => id !== 0 && (!indexes.has(id) || indexes.get(id) !== keyIndex))
    .map(({ id }) => id)
}
