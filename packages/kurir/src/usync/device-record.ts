import { KurirError } from '../errors/index.js'
import type { KnownDeviceList } from './user.js'

/** A device of a user as we keep it. */
export interface DeviceEntry {
  /** 0 is the phone, 99 a hosted device. */
  readonly id: number
  /** Undefined for the phone, when nobody said it. */
  readonly keyIndex?: number
  readonly isHosted: boolean
}

/** What we keep about the devices of one user: the last list that was verified, and what was learned since. */
export interface DeviceRecord {
  /** The account's registration; undefined before the first signed list. */
  readonly rawId?: number
  /** Seconds: time of the last verified list; 0 before the first. */
  readonly timestamp: number
  /** Seconds: a newer list exists; ask again. */
  readonly expectedTimestamp?: number
  /** Seconds: when we were first told of it. */
  readonly expectedSince?: number
  readonly currentIndex: number
  readonly validIndexes: readonly number[]
  /** The account is hosted in the cloud. */
  readonly hosted: boolean
  /** By number; device 0 is always there. */
  readonly devices: readonly DeviceEntry[]
}

/** The account's phone: always a device, whatever a list says. */
export const PRIMARY_DEVICE: DeviceEntry = { id: 0, isHosted: false }

/** The record of a user of whom nothing is known but that there is a phone. */
export const PRIMARY_ONLY: DeviceRecord = {
  timestamp: 0,
  currentIndex: 0,
  validIndexes: [],
  hosted: false,
  devices: [PRIMARY_DEVICE],
}

export function hasCompanions(record: DeviceRecord | undefined): boolean {
  return record?.devices.some(device => device.id !== 0) ?? false
}

/** The numbers as text: the form of the `device-list` entries of a key store. */
export function deviceIds(record: DeviceRecord): string[] {
  return record.devices.map(device => String(device.id))
}

/** What to tell the server in a query, so that it leaves out a list that has not changed. */
export function knownDeviceList(record: DeviceRecord, deviceHash: string): KnownDeviceList {
  const { timestamp, expectedTimestamp } = record
  return { deviceHash, timestamp, ...(expectedTimestamp !== undefined && { expectedTimestamp }) }
}

/** The record with another announced time; what is not newer than the list is dropped. */
export function withExpectedTimestamp(record: DeviceRecord, expected: number | undefined): DeviceRecord {
  const { expectedTimestamp, expectedSince, ...rest } = record
  if (expected === undefined || expected <= record.timestamp) return rest
  const isKnown = expected === expectedTimestamp && expectedSince !== undefined
  return { ...rest, expectedTimestamp: expected, ...(isKnown && { expectedSince }) }
}

/** The record with the time at which an announced list was first heard of; a list that goes on missing keeps its time. */
export function notingExpectation(record: DeviceRecord, stored: DeviceRecord | undefined, now: number): DeviceRecord {
  const { expectedTimestamp } = record
  if (expectedTimestamp === undefined) return record
  const since = stored?.expectedTimestamp === undefined ? undefined : stored.expectedSince
  return { ...record, expectedSince: since ?? now }
}

const LIST_LIFETIME_S = 35 * 86_400
const EXPECTED_LIST_PATIENCE_S = 25 * 3600

/**
 * True when a list is too old to go by: phones sign theirs anew well before 35 days are over, and a list that is
 * announced arrives within a day. A service that holds new lists back would otherwise keep a removed companion in force
 * for ever (docs/protocol/02 §5.4, periodic check). A record without companions, or without any list yet, does not age.
 *
 * @param now seconds
 */
export function isOutdated(record: DeviceRecord, now: number): boolean {
  if (!hasCompanions(record) || record.timestamp === 0) return false
  const { timestamp, expectedTimestamp, expectedSince = now } = record
  const isUnmet = expectedTimestamp !== undefined && now - expectedSince > EXPECTED_LIST_PATIENCE_S
  return isUnmet || now - timestamp > LIST_LIFETIME_S
}

const FORMAT = 2
/** Without the time of the expectation. */
const FIRST_FORMAT = 1
const HOSTED = 1
const HAS_RAW_ID = 2
const MAX_ENTRIES = 4096

/** The stored form of a record: a format byte, flags, and numbers of variable length. About 20 bytes. */
export function encodeDeviceRecord(record: DeviceRecord): Buffer {
  const bytes: number[] = [FORMAT, (record.hosted ? HOSTED : 0) | (record.rawId === undefined ? 0 : HAS_RAW_ID)]
  const write = (value: number): void => {
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
    bytes.push(rest)
  }
  write(record.rawId ?? 0)
  write(record.timestamp)
  write(record.expectedTimestamp ?? 0)
  write(record.expectedSince ?? 0)
  write(record.currentIndex)
  write(record.validIndexes.length)
  for (const index of record.validIndexes) write(index)
  write(record.devices.length)
  for (const { id, keyIndex, isHosted } of record.devices) {
    write(id * 2 + (isHosted ? 1 : 0))
    write(keyIndex === undefined ? 0 : keyIndex + 1)
  }
  return Buffer.from(bytes)
}

/**
 * Reads what {@link encodeDeviceRecord} wrote.
 *
 * @throws KurirError `invalid-device-record` for anything else
 */
export function decodeDeviceRecord(bytes: Uint8Array): DeviceRecord {
  let position = 2
  const read = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[position++]
      if (byte === undefined || scale > 2 ** 49) throw invalidRecord()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  const readList = <T>(readEntry: () => T): T[] => {
    const count = read()
    if (count > MAX_ENTRIES) throw invalidRecord()
    return Array.from({ length: count }, readEntry)
  }
  const flags = bytes[1] ?? 0
  if (bytes[0] !== FORMAT && bytes[0] !== FIRST_FORMAT) throw invalidRecord()
  const rawId = read()
  const timestamp = read()
  const expectedTimestamp = read()
  const expectedSince = bytes[0] === FIRST_FORMAT ? 0 : read()
  const currentIndex = read()
  const validIndexes = readList(read)
  const devices = readList((): DeviceEntry => {
    const idAndHosted = read()
    const keyIndex = read()
    const entry = { id: idAndHosted >>> 1, isHosted: (idAndHosted & 1) === 1 }
    return keyIndex === 0 ? entry : { ...entry, keyIndex: keyIndex - 1 }
  })
  if (position !== bytes.length) throw invalidRecord()
  const record = { timestamp, currentIndex, validIndexes, hosted: (flags & HOSTED) !== 0, devices }
  const known = flags & HAS_RAW_ID ? { ...record, rawId } : record
  if (expectedTimestamp === 0) return known
  return { ...known, expectedTimestamp, ...(expectedSince !== 0 && { expectedSince }) }
}

function invalidRecord(): KurirError {
  return new KurirError('invalid-device-record', 'The stored device record cannot be read', { statusCode: 500 })
}
