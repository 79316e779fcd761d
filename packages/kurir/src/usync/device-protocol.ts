import { assertNodeErrorFree, contentBytes, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { invalidResult, numberAttribute, type USyncQueryProtocol } from './protocol.js'
import type { USyncUser } from './user.js'

/** A device as the server lists it. */
export interface DeviceListData {
  /** 0 is the phone, 99 a hosted device. */
  id: number
  /** Place in the account's signed key index list; companions without it cannot be written to. */
  keyIndex?: number
  isHosted?: boolean
}

/** The `key-index-list` element: the account's signature over the devices that are in force. */
export interface KeyIndexData {
  /** Seconds: when the phone signed the list. */
  timestamp: number
  /** ADVSignedKeyIndexList; absent when the server leaves it out. */
  signedKeyIndex?: Uint8Array
  /** Seconds: the server knows of a list of this time that it does not have yet. */
  expectedTimestamp?: number
}

export interface ParsedDeviceInfo {
  /** Absent when the server says nothing because the list has not changed. */
  deviceList?: DeviceListData[]
  keyIndex?: KeyIndexData
  /** The server's hash of the list. */
  deviceHash?: string
}

/** Device numbers are one byte on the wire. */
export const MAX_DEVICE_ID = 255
const MAX_UINT32 = 0xffff_ffff

/** `devices`: the device lists of users (docs/protocol/02, from result to device JIDs). */
export class USyncDeviceProtocol implements USyncQueryProtocol {
  readonly name = 'devices'

  getQueryElement(): BinaryNode {
    return { tag: 'devices', attrs: { version: '2' } }
  }

  getUserElement(user?: USyncUser): BinaryNode | null {
    const known = user?.knownDevices
    if (known === undefined) return null
    const attrs: BinaryNode['attrs'] = { device_hash: known.deviceHash, ts: String(known.timestamp) }
    if (known.expectedTimestamp !== undefined) attrs['expected_ts'] = String(known.expectedTimestamp)
    return { tag: 'devices', attrs }
  }

  parser(node: BinaryNode): ParsedDeviceInfo {
    if (node.tag !== 'devices') return {}
    assertNodeErrorFree(node)
    const list = getBinaryNodeChild(node, 'device-list')
    const keyIndex = parseKeyIndexList(node)
    const deviceHash = list?.attrs['hash']
    return {
      ...(list !== undefined && { deviceList: getBinaryNodeChildren(list, 'device').map(parseListedDevice) }),
      ...(keyIndex !== undefined && { keyIndex }),
      ...(deviceHash !== undefined && { deviceHash }),
    }
  }
}

function parseListedDevice(node: BinaryNode): DeviceListData {
  const id = numberAttribute(node, 'id', MAX_DEVICE_ID)
  if (id === undefined) throw invalidResult('a device without id', node)
  const keyIndex = keyIndexAttribute(node)
  return { id, ...(keyIndex !== undefined && { keyIndex }), isHosted: node.attrs['is_hosted'] === 'true' }
}

/** The `key-index` attribute of a device, an unsigned 32-bit number; undefined when absent. */
export function keyIndexAttribute(node: BinaryNode): number | undefined {
  return numberAttribute(node, 'key-index', MAX_UINT32)
}

/** The `key-index-list` child of a `devices`, `add` or `remove` element; undefined when there is none. */
export function parseKeyIndexList(parent: BinaryNode): KeyIndexData | undefined {
  const node = getBinaryNodeChild(parent, 'key-index-list')
  if (node === undefined) return undefined
  const timestamp = numberAttribute(node, 'ts')
  if (timestamp === undefined) throw invalidResult('a key index list without time', node)
  const expectedTimestamp = numberAttribute(node, 'expected_ts')
  const signedKeyIndex = contentBytes(node)
  return {
    timestamp,
    ...(signedKeyIndex !== undefined && signedKeyIndex.length > 0 && { signedKeyIndex }),
    ...(expectedTimestamp !== undefined && { expectedTimestamp }),
  }
}
