import { constantTimeEqual } from 'kurir/crypto'
import { proto } from 'kurir/proto'
import type { Device } from '../accounts/device.js'
import { type Registration, readRegistration } from '../pairing/registration.js'
import type { ServiceCore } from '../router/service-core.js'

/** What a client that finished the handshake may do. */
export type Admission =
  | { readonly kind: 'registration'; readonly registration: Registration }
  | { readonly kind: 'login'; readonly device: Device; readonly passive: boolean }
  /** `<failure reason=…/>`, then the end. */
  | { readonly kind: 'refused'; readonly reason: number }

/** Reads the ClientPayload and decides (docs/protocol/01 §11.1). */
export const admit = (core: ServiceCore, payloadBytes: Uint8Array, clientStatic: Uint8Array): Admission => {
  const payload = decodePayload(payloadBytes)
  if (payload === undefined) {
    core.violations.report('invalid-registration', 'the ClientPayload cannot be decoded')
    return { kind: 'refused', reason: 400 }
  }
  if (payload.devicePairingData != null) return admitRegistration(core, payload, clientStatic)
  const account = core.accounts.byPhoneNumber(String(payload.username ?? ''))
  const device = account?.devices.get(payload.device ?? 0)
  if (device?.noiseKey === undefined || !constantTimeEqual(device.noiseKey, clientStatic)) {
    return { kind: 'refused', reason: 401 }
  }
  return { kind: 'login', device, passive: payload.passive === true }
}

const admitRegistration = (core: ServiceCore, payload: proto.IClientPayload, clientStatic: Uint8Array): Admission => {
  const outcome = readRegistration(payload, clientStatic)
  if ('registration' in outcome) {
    if (payload.username != null) {
      core.violations.report('invalid-registration', 'a registration names no username')
    }
    return { kind: 'registration', registration: outcome.registration }
  }
  core.violations.report('invalid-registration', outcome.misfit)
  return { kind: 'refused', reason: 400 }
}

const decodePayload = (bytes: Uint8Array): proto.ClientPayload | undefined => {
  try {
    return proto.ClientPayload.decode(bytes)
  } catch {
    return undefined
  }
}
