import type { Picture } from '../profiles/pictures.js'
import type { ExceptionList } from '../profiles/privacy-desk.js'
import type { TextStatus } from '../profiles/text-statuses.js'
import type { Username } from '../profiles/usernames.js'
import { type Addressing, formatAddress } from './address.js'
import { BoundedMap } from './bounded-map.js'
import type { Device } from './device.js'
import type { SentMessage } from './sent-message.js'

/** The signed list of a user's devices, as the phone made it (docs/protocol/02 §5.4). */
export interface KeyIndexList {
  /** ADVSignedKeyIndexList. */
  readonly bytes: Uint8Array
  /** Unix seconds; equals the timestamp inside the signed details. */
  readonly timestamp: number
}

/** Which clients' deviations are tolerated: see the README of the package. */
export type ValidationMode = 'strict' | 'lenient'

const REMEMBERED_MESSAGES = 10_000
const PRIVACY_DEFAULTS: Readonly<Record<string, string>> = {
  last: 'all',
  online: 'all',
  profile: 'all',
  status: 'all',
  readreceipts: 'all',
  groupadd: 'all',
  calladd: 'all',
  messages: 'all',
  defense: 'off',
}

/** One account: a phone number, its LID, and its devices. */
export class Account {
  readonly pnUser: string
  readonly lidUser: string
  /** User JIDs in the two namespaces. */
  readonly pn: string
  readonly lid: string
  pushName: string
  about = { text: 'Hey there! I am using WhatsApp.', setAt: 0 }
  textStatus: TextStatus | undefined
  username: Username | undefined
  disappearingMode = { duration: 0, setAt: 0 }
  /** Set for this account's clients; the simulator's mode when undefined. */
  validation: ValidationMode | undefined
  readonly devices = new Map<number, Device>()
  keyIndexList: KeyIndexList | undefined
  /** The phone: signs the list of the key indexes that stand now. */
  keyIndexSigner: ((keyIndexes: readonly number[]) => KeyIndexList) | undefined
  /** Number of the companion that was linked last; 0 before the first. */
  lastDeviceId = 0
  /** Key index given out last; 0 is the phone's. */
  lastKeyIndex = 0
  /** Grows with every change of the device set. */
  devicesVersion = 0
  readonly sentMessages = new BoundedMap<string, SentMessage>(REMEMBERED_MESSAGES)
  /** Accounts that asked for this device list and are told about changes. */
  readonly watchers = new Set<Account>()
  /** Devices that subscribed to the presence, and by which name of the account. */
  readonly presenceSubscribers = new Map<Device, Addressing>()
  /** Contact → week in which it was last given a privacy token. */
  readonly issuedTokens = new Map<Account, number>()
  readonly blocked = new Set<Account>()
  blocklistHash = 'none'
  readonly privacy = new Map<string, string>(Object.entries(PRIVACY_DEFAULTS))
  /** By privacy setting: whom it leaves out. */
  readonly exceptions = new Map<string, ExceptionList>()
  /** People that the phone has in its address book. */
  readonly contacts = new Set<Account>()
  picture: Picture | undefined
  /** Who is to get status posts, as the phone has set it. */
  statusAudience: { readonly type: 'contacts' | 'blacklist' | 'whitelist'; readonly users: readonly string[] } = {
    type: 'contacts',
    users: [],
  }
  /** When a device was available last, Unix seconds; undefined before the first time. */
  lastSeen: number | undefined

  constructor(options: { readonly pnUser: string; readonly lidUser: string; readonly pushName: string }) {
    this.pnUser = options.pnUser
    this.lidUser = options.lidUser
    this.pn = formatAddress('pn', options.pnUser)
    this.lid = formatAddress('lid', options.lidUser)
    this.pushName = options.pushName
  }

  /** The user JID in one of the namespaces. */
  jid(addressing: Addressing): string {
    return addressing === 'pn' ? this.pn : this.lid
  }

  addDevice(device: Device): void {
    this.devices.set(device.id, device)
    this.devicesVersion += 1
  }

  removeDevice(device: Device): void {
    if (this.devices.get(device.id) !== device) return
    this.devices.delete(device.id)
    this.devicesVersion += 1
  }

  get phone(): Device | undefined {
    return this.devices.get(0)
  }
}
