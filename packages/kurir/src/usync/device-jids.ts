import type { JidServer } from '../binary/jid.js'
import { type FullJid, getServerFromDomainType, jidDecode, jidEncode, WAJIDDomains } from '../binary/jid.js'
import { isHostedDevice } from './device-list.js'
import type { DeviceRecord } from './device-record.js'
import { participantHash } from './participant-hash.js'
import type { USyncQueryResultList } from './result.js'

/** The own device in both namespaces: `me.id` and `me.lid` of the credentials. One of them has the device part. */
export interface OwnDevice {
  readonly pn: string | undefined
  readonly lid: string | undefined
}

type ListedDevice = { readonly id: number; readonly isHosted?: boolean }

/**
 * The JID of a user's device in the namespace of `userJid` (phone number or LID). Hosted devices live on the servers
 * `hosted` and `hosted.lid`. Undefined when `userJid` is not a JID.
 */
export function deviceJid(userJid: string, device: ListedDevice): string | undefined {
  const decoded = jidDecode(userJid)
  return decoded === undefined ? undefined : jidEncode(decoded.user, serverOf(decoded.server, device), device.id)
}

/** The JIDs of all devices of a record, in the namespace of `userJid`. */
export function deviceJids(userJid: string, record: Pick<DeviceRecord, 'devices'>): string[] {
  return record.devices.flatMap(device => deviceJid(userJid, device) ?? [])
}

/**
 * True for this very device, in whichever namespace it is named (docs/protocol/02, from result to device JIDs: user and
 * device are compared in both, so that it drops out in LID addressing too).
 */
export function isOwnDevice(jid: string, own: OwnDevice): boolean {
  const candidate = jidDecode(jid)
  const pn = jidDecode(own.pn)
  const lid = jidDecode(own.lid)
  const self = candidate !== undefined && isLidServer(candidate.server) ? lid : pn
  const ownId = pn?.device ?? lid?.device ?? 0
  return candidate !== undefined && candidate.user === self?.user && (candidate.device ?? 0) === ownId
}

/** The hash of one user's devices, as in `device_hash`, `dhash` and the `phash` of acks. */
export function deviceListHash(userJid: string, record: Pick<DeviceRecord, 'devices'>): string {
  return participantHash(deviceJids(userJid, record))
}

/**
 * Baileys' reading of `devices` answers, without verification of the signed list: every listed device but the own one,
 * companions only with key index, device 0 left out when asked. `applyDeviceList` is what Kurir itself goes by.
 */
export function extractDeviceJids(
  result: readonly USyncQueryResultList[],
  myJid: string,
  myLid: string,
  excludeZeroDevices: boolean,
): FullJid[] {
  const own: OwnDevice = { pn: myJid, lid: myLid }
  return result.flatMap(({ id, devices }) => {
    const decoded = jidDecode(id)
    if (decoded === undefined) return []
    const { user } = decoded
    return (devices?.deviceList ?? []).flatMap((device): FullJid[] => {
      const isWanted = device.id === 0 ? !excludeZeroDevices : Boolean(device.keyIndex)
      const server = serverOf(decoded.server, device)
      if (!isWanted || isOwnDevice(jidEncode(user, server, device.id), own)) return []
      return [{ user, device: device.id, domainType: domainTypeOf(decoded, server), server }]
    })
  })
}

function domainTypeOf(decoded: FullJid, server: JidServer): number {
  if (server === 'hosted') return WAJIDDomains.HOSTED
  if (server === 'hosted.lid') return WAJIDDomains.HOSTED_LID
  return decoded.domainType ?? WAJIDDomains.WHATSAPP
}

function serverOf(userServer: JidServer, device: ListedDevice): JidServer {
  const isLid = isLidServer(userServer)
  if (isHostedDevice(device)) {
    return getServerFromDomainType(userServer, isLid ? WAJIDDomains.HOSTED_LID : WAJIDDomains.HOSTED)
  }
  if (isLid) return 'lid'
  return userServer === 'hosted' || userServer === 'c.us' ? 's.whatsapp.net' : userServer
}

function isLidServer(server: JidServer): boolean {
  return server === 'lid' || server === 'hosted.lid'
}
