import type { KeyPair } from 'kurir/crypto'
import { grantDeviceIdentity, signDeviceIdentity } from 'kurir/pairing'
import { proto } from 'kurir/proto'
import type { Account } from '../accounts/account.js'
import { Device } from '../accounts/device.js'
import type { SeededRandom } from '../random.js'
import type { Service } from '../router/service.js'
import { PhoneKeys } from './phone-keys.js'

/** Somebody of a crowd. */
export interface CrowdMember {
  /** `<number>@s.whatsapp.net`. */
  readonly jid: string
  readonly lid: string
}

export interface CrowdOptions {
  readonly count: number
  /** Digits of the first number; the others follow. */
  readonly firstNumber: number
  /** Linked devices of each. */
  readonly companions: number
}

/** Enough for the clients of one test. */
const PREKEYS = 4

/**
 * Accounts with devices that can be written to, each with keys of its own that hold, but with nobody behind them: what is
 * sent to them vanishes. For groups of a size that phones would make slow.
 */
export const makeCrowd = (service: Service, random: SeededRandom, options: CrowdOptions): CrowdMember[] =>
  Array.from({ length: options.count }, (_, index) => {
    const number = String(options.firstNumber + index)
    const account = service.core.accounts.create(number)
    const keys = new PhoneKeys(random)
    const phone = new Device({ account, id: 0, keyIndex: 0, keys: keys.published, isSilent: true })
    phone.preKeys.add(keys.makePreKeys(PREKEYS))
    account.addDevice(phone)
    for (let id = 1; id <= options.companions; id += 1)
      account.addDevice(companionOf(service, account, keys, random, id))
    const indexes = [...account.devices.values()].map(({ keyIndex }) => keyIndex)
    account.lastDeviceId = options.companions
    account.lastKeyIndex = options.companions
    account.keyIndexList = keys.signKeyIndexes(indexes, options.companions, service.core.now())
    return { jid: account.pn, lid: account.lid }
  })

const companionOf = (
  service: Service,
  account: Account,
  { identity: accountKey, rawId }: PhoneKeys,
  random: SeededRandom,
  id: number,
): Device => {
  const keys = new PhoneKeys(random)
  const grant = { account: accountKey, deviceIdentity: keys.identity.public, advSecret: random.bytes(32), rawId }
  const granted = grantDeviceIdentity({ ...grant, timestamp: service.core.now(), keyIndex: id })
  const device = new Device({
    account,
    id,
    keyIndex: id,
    keys: keys.published,
    noiseKey: random.bytes(32),
    ...signedIdentities(granted, keys.identity),
    isSilent: true,
  })
  device.preKeys.add(keys.makePreKeys(PREKEYS))
  return device
}

/** The identity as both have signed it, without and with the key of the account. */
const signedIdentities = (
  granted: Uint8Array,
  identity: KeyPair,
): { readonly deviceIdentity: Uint8Array; readonly fullDeviceIdentity: Uint8Array } => {
  const envelope = proto.ADVSignedDeviceIdentityHMAC.decode(granted)
  const signed = proto.ADVSignedDeviceIdentity.decode(envelope.details ?? Buffer.alloc(0))
  const { details, accountSignature, accountSignatureKey } = signed
  const deviceSignature = signDeviceIdentity(
    identity,
    details ?? Buffer.alloc(0),
    accountSignatureKey ?? Buffer.alloc(0),
  )
  return {
    deviceIdentity: proto.ADVSignedDeviceIdentity.encode({ details, accountSignature, deviceSignature }).finish(),
    fullDeviceIdentity: proto.ADVSignedDeviceIdentity.encode({ ...signed, deviceSignature }).finish(),
  }
}
