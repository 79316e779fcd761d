import { md5, typedPublicKey, xeddsaVerify } from 'kurir/crypto'
import { proto } from 'kurir/proto'
import type { PublicSignedPreKey } from '../accounts/prekey-store.js'

/** What a client shows of itself when it asks to be linked (docs/protocol/01 §3.1, §3.3). */
export interface Registration {
  readonly registrationId: number
  /** 32 bytes. */
  readonly identity: Uint8Array
  readonly signedPreKey: PublicSignedPreKey
  /** The Noise static key of the connection, 32 bytes. */
  readonly noiseKey: Uint8Array
  /** Name shown in the list of linked devices. */
  readonly os: string
  /** The client wants all of the history. */
  readonly wantsFullHistory: boolean
}

/** A registration, or what is wrong with the payload. */
export type RegistrationOutcome = { readonly registration: Registration } | { readonly misfit: string }

export const readRegistration = (payload: proto.IClientPayload, noiseKey: Uint8Array): RegistrationOutcome => {
  const data = payload.devicePairingData
  const lengths: readonly (readonly [string, Uint8Array | null | undefined, number])[] = [
    ['eRegid', data?.eRegid, 4],
    ['eKeytype', data?.eKeytype, 1],
    ['eIdent', data?.eIdent, 32],
    ['eSkeyId', data?.eSkeyId, 3],
    ['eSkeyVal', data?.eSkeyVal, 32],
    ['eSkeySig', data?.eSkeySig, 64],
    ['buildHash', data?.buildHash, 16],
  ]
  for (const [name, bytes, length] of lengths) {
    if (bytes?.length !== length) return { misfit: `${name} must have ${length} bytes` }
  }
  const { eRegid, eKeytype, eIdent, eSkeyId, eSkeyVal, eSkeySig, buildHash, deviceProps } = data ?? {}
  if (eRegid == null || eIdent == null || eSkeyId == null || eSkeyVal == null || eSkeySig == null) {
    return { misfit: 'devicePairingData is incomplete' }
  }
  if (eKeytype?.[0] !== 5) return { misfit: 'eKeytype must be 05' }
  if (!xeddsaVerify(eIdent, typedPublicKey(eSkeyVal), eSkeySig)) return { misfit: 'eSkeySig is no signature of eIdent' }
  const version = payload.userAgent?.appVersion
  const text = `${version?.primary ?? 0}.${version?.secondary ?? 0}.${version?.tertiary ?? 0}`
  if (Buffer.compare(md5(Buffer.from(text)), buildHash ?? Buffer.alloc(0)) !== 0) {
    return { misfit: `buildHash must be the MD5 of ${text}` }
  }
  const props = readProps(deviceProps)
  if (props === undefined) return { misfit: 'deviceProps cannot be decoded' }
  return {
    registration: {
      registrationId: Buffer.from(eRegid).readUInt32BE(0),
      identity: Buffer.from(eIdent),
      signedPreKey: {
        id: Buffer.from(eSkeyId).readUIntBE(0, 3),
        public: Buffer.from(eSkeyVal),
        signature: Buffer.from(eSkeySig),
      },
      noiseKey: Buffer.from(noiseKey),
      os: props.os ?? '',
      wantsFullHistory: props.requireFullSync === true,
    },
  }
}

const readProps = (bytes: Uint8Array | null | undefined): proto.IDeviceProps | undefined => {
  if (bytes == null) return undefined
  try {
    return proto.DeviceProps.decode(bytes)
  } catch {
    return undefined
  }
}
