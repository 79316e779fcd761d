import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { jidDecode, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import {
  type DeviceListData,
  type KeyIndexData,
  keyIndexAttribute,
  MAX_DEVICE_ID,
  type ParsedDeviceInfo,
  parseKeyIndexList,
} from './device-protocol.js'
import { invalidResult } from './protocol.js'

/** A device as a notification names it. */
export interface NotifiedDevice extends DeviceListData {
  readonly jid: string
  /** The same device in the LID namespace. */
  readonly lid?: string
}

interface DeviceChange {
  /** Account JID, in the namespace the notification uses. */
  readonly user: string
  /** The account's LID, when the notification tells it beside a phone number. */
  readonly userLid?: string
  readonly devices: readonly NotifiedDevice[]
  /** Hash of the resulting list, of phone-number and of LID device JIDs. */
  readonly deviceHash?: string
  readonly deviceLidHash?: string
  readonly keyIndex?: KeyIndexData
}

/** `<notification type=devices>` (docs/protocol/02, device notifications). */
export type DeviceNotification =
  | ({ readonly kind: 'add' } & DeviceChange)
  | ({ readonly kind: 'remove' } & DeviceChange)
  /** The devices of one of our contacts changed; it is named by a hash only. */
  | { readonly kind: 'update'; readonly hash?: string; readonly lidHash?: string }

/**
 * Reads a devices notification. Of several children the first of remove, add, update counts; undefined when there is
 * none of them.
 *
 * @throws KurirError `invalid-usync-result` when a device or its sender is not named properly
 */
export function parseDeviceNotification(notification: BinaryNode): DeviceNotification | undefined {
  for (const kind of ['remove', 'add'] as const) {
    const change = getBinaryNodeChild(notification, kind)
    if (change !== undefined) return { kind, ...parseChange(notification, change) }
  }
  const update = getBinaryNodeChild(notification, 'update')
  if (update === undefined) return undefined
  const { hash, lid_hash: lidHash } = update.attrs
  return { kind: 'update', ...(hash && { hash }), ...(lidHash && { lidHash }) }
}

/** The own device list in an account_sync notification, and its hash; undefined when there is none. */
export function parseOwnDevices(notification: BinaryNode): (ParsedDeviceInfo & { user: string }) | undefined {
  const devices = getBinaryNodeChild(notification, 'devices')
  if (devices === undefined) return undefined
  const keyIndex = parseKeyIndexList(devices)
  const deviceHash = devices.attrs['dhash']
  const deviceList = getBinaryNodeChildren(devices, 'device').map(node => parseNotifiedDevice(node))
  return {
    user: senderOf(notification),
    // Without devices the notification only says that something changed.
    ...(deviceList.length > 0 && { deviceList: deviceList.map(listed) }),
    ...(keyIndex !== undefined && { keyIndex }),
    ...(deviceHash && { deviceHash }),
  }
}

function parseChange(notification: BinaryNode, change: BinaryNode): DeviceChange {
  const { device_hash: deviceHash, device_lid_hash: deviceLidHash } = change.attrs
  const userLid = jidNormalizedUser(notification.attrs['lid'])
  const keyIndex = parseKeyIndexList(change)
  const user = senderOf(notification)
  const devices = getBinaryNodeChildren(change, 'device').map(node => parseNotifiedDevice(node))
  const accounts = [jidDecode(user)?.user, jidDecode(userLid)?.user]
  const isOfUser = ({ jid, lid }: NotifiedDevice): boolean =>
    [jidDecode(jid)?.user, jidDecode(lid)?.user].some(name => name !== undefined && accounts.includes(name))
  if (!devices.every(isOfUser)) throw invalidResult('a device of somebody else', notification)
  return {
    user,
    devices,
    ...(userLid !== '' && { userLid }),
    ...(deviceHash && { deviceHash }),
    ...(deviceLidHash && { deviceLidHash }),
    ...(keyIndex !== undefined && { keyIndex }),
  }
}

function senderOf(notification: BinaryNode): string {
  const user = jidNormalizedUser(notification.attrs['from'])
  if (user === '') throw invalidResult('a notification without sender', notification)
  return user
}

function parseNotifiedDevice(node: BinaryNode): NotifiedDevice {
  const { jid, lid } = node.attrs
  const decoded = jidDecode(jid)
  const id = decoded?.device ?? 0
  if (jid === undefined || decoded === undefined || !Number.isInteger(id) || id < 0 || id > MAX_DEVICE_ID) {
    throw invalidResult('a device without JID', node)
  }
  const keyIndex = keyIndexAttribute(node)
  const isHosted = decoded.server === 'hosted' || decoded.server === 'hosted.lid'
  return { jid, id, isHosted, ...(keyIndex !== undefined && { keyIndex }), ...(lid && { lid }) }
}

function listed({ id, keyIndex, isHosted }: NotifiedDevice): DeviceListData {
  return { id, ...(keyIndex !== undefined && { keyIndex }), ...(isHosted !== undefined && { isHosted }) }
}
