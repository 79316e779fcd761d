import { KurirError } from 'kurir/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CertificateDefect, FrameFault } from '../faults/transport-faults.js'
import type { Phone } from '../phone/phone.js'
import { element } from '../router/stanzas.js'
import { Simulator } from '../simulator.js'
import { Companion, type CompanionOptions, errorCode } from '../testing/companion.js'

let wa: Simulator
let phone: Phone
let options: CompanionOptions
const open: Companion[] = []

const connect = async (more: Partial<CompanionOptions> = {}): Promise<Companion> => {
  const companion = await Companion.connect({ ...options, ...more })
  open.push(companion)
  return companion
}

const linked = async (): Promise<Companion> => {
  const companion = await Companion.linked(options, phone)
  open.push(companion)
  return companion
}

const violationKinds = () => wa.violations.map(({ kind }) => kind)

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'connection' })
  phone = await wa.phone('6281110001')
  options = { url: wa.url, root: wa.noiseRoot }
})

afterEach(async () => {
  await Promise.all(open.splice(0).map(companion => companion.close()))
  await wa.stop()
})

describe('handshake', () => {
  it('answers a registration with six refs, and with nothing else (docs/protocol/01 §11.1)', async () => {
    const companion = await connect()
    const qr = await companion.qr()
    expect(qr).toContain('https://wa.me/settings/linked_devices#')
    expect(companion.received).toEqual([])
    expect(companion.handshake?.kind).toBe('finish')
  })

  it('resumes by IK with its own key, and falls back to XX for a stale one (docs/protocol/01 §2.5, §2.6)', async () => {
    const first = await linked()
    const finished = first.handshake
    if (finished?.kind !== 'finish') throw new Error('expected a full handshake')
    await first.close()
    const resumed = await connect({ creds: first.creds, resume: finished.certificates.serverStatic })
    await resumed.next(({ tag }) => tag === 'success')
    expect(resumed.handshake?.kind).toBe('resumed')
    await resumed.close()
    const stale = await connect({ creds: first.creds, resume: first.creds.signedIdentityKey.public })
    await stale.next(({ tag }) => tag === 'success')
    expect(stale.handshake).toMatchObject({ kind: 'finish', fallback: true })
    expect(violationKinds()).toEqual([])
  })

  it.each<[CertificateDefect, string]>([
    ['foreign-root', 'noise-certificate-untrusted'],
    ['wrong-intermediate-issuer', 'noise-certificate-issuer-mismatch'],
    ['wrong-leaf-issuer', 'noise-certificate-issuer-mismatch'],
    ['wrong-leaf-key', 'noise-certificate-key-mismatch'],
    ['forged-leaf-signature', 'noise-certificate-signature-invalid'],
    ['short-signature', 'noise-certificate-signature-length'],
    ['expired', 'noise-certificate-expired'],
    ['not-yet-valid', 'noise-certificate-not-yet-valid'],
    ['garbage', 'noise-certificate-malformed'],
  ])('shows a certificate chain with the defect %s', async (certificate, code) => {
    wa.faults.setTransport({ certificate })
    const companion = await connect()
    await companion.closed()
    expect(KurirError.is(companion.handshakeError) && companion.handshakeError.code).toBe(code)
  })

  it.each([
    ['eSkeySig', { eSkeySig: Buffer.alloc(64, 1) }],
    ['buildHash', { buildHash: Buffer.alloc(16) }],
    ['eRegid', { eRegid: Buffer.alloc(2) }],
  ])('refuses a registration with a wrong %s', async (_, wrong) => {
    const companion = await connect({
      alterPayload: payload => ({ ...payload, devicePairingData: { ...payload.devicePairingData, ...wrong } }),
    })
    expect((await companion.next(({ tag }) => tag === 'failure')).attrs['reason']).toBe('400')
    expect(violationKinds()).toEqual(['invalid-registration'])
  })

  it('refuses a login with another Noise key than the linked one', async () => {
    const companion = await linked()
    await companion.close()
    const stranger = await connect()
    const thief = await connect({ creds: { ...companion.creds, noiseKey: stranger.creds.noiseKey } })
    expect((await thief.next(({ tag }) => tag === 'failure')).attrs['reason']).toBe('401')
  })
})

describe('frames', () => {
  it('survives split and merged WebSocket messages, and compressed frames (docs/protocol/01 §1.2)', async () => {
    const companion = await linked()
    for (const faults of [{ splitFrames: true }, { mergeFrames: true }, { compressFrames: true }]) {
      wa.faults.setTransport(faults)
      expect(errorCode(await companion.query({ xmlns: 'w:p', type: 'get' }))).toBeUndefined()
    }
  })

  it('closes on a frame that was altered, and reports it', async () => {
    const companion = await linked()
    companion.sendRaw(Buffer.concat([Buffer.of(0, 0, 20), Buffer.alloc(20)]))
    await companion.closed()
    expect(violationKinds()).toEqual(['malformed-frame'])
  })

  it.each<[FrameFault, string]>([
    ['altered', 'mac-mismatch'],
    ['replayed', 'mac-mismatch'],
    ['lost', 'mac-mismatch'],
    ['bomb', 'inflated-frame-too-large'],
  ])('breaks the stream of a client by a frame that is %s', async (kind, code) => {
    const companion = await linked()
    await companion.query({ xmlns: 'w:p', type: 'get' })
    wa.faults.disturbFrame(kind, companion.jid)
    for (const id of ['1', '2']) companion.send(element('iq', { id, to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' }))
    await companion.closed()
    expect(KurirError.is(companion.streamError) && companion.streamError.code).toBe(code)
  })

  it('keeps the order on a slow link', async () => {
    const companion = await linked()
    wa.faults.setTransport({ latencyMs: 20 })
    const started = performance.now()
    const answers = await Promise.all([1, 2, 3].map(() => companion.query({ xmlns: 'w:p', type: 'get' })))
    expect(performance.now() - started).toBeGreaterThanOrEqual(38)
    expect(answers.map(({ attrs }) => Number(attrs['id']?.slice(2)))).toEqual([2, 3, 4])
  })
})

describe('frames that are held', () => {
  it('leave in their order when they are let go, and not before', async () => {
    const companion = await linked()
    wa.faults.setTransport({ holdFrames: true })
    const answers = [1, 2, 3].map(() => companion.query({ xmlns: 'w:p', type: 'get' }))
    const first = await Promise.race([answers[0], allStanzasIn(3).then(() => 'held')])
    expect(first).toBe('held')
    wa.faults.setTransport({})
    expect((await Promise.all(answers)).map(({ attrs }) => Number(attrs['id']?.slice(2)))).toEqual([2, 3, 4])
  })

  /** The service has answered so many requests, and what it has written since would have come. */
  const allStanzasIn = (count: number) =>
    new Promise<void>(resolve => {
      let answered = 0
      wa.onStanza(({ direction }) => {
        answered += direction === 'to-client' ? 1 : 0
        if (answered === count) setImmediate(() => setImmediate(resolve))
      })
    })
})

describe('a logged-in connection', () => {
  it('is ended as replaced when the same device logs in again', async () => {
    const first = await linked()
    const second = await connect({ creds: first.creds })
    const end = await first.next(({ tag }) => tag === 'stream:error')
    expect(end.content).toEqual([element('conflict', { type: 'replaced' })])
    await second.next(({ tag }) => tag === 'success')
    await first.closed()
  })

  it('is ended with the stream error asked for', async () => {
    const companion = await linked()
    wa.endWithStreamError(companion.jid, 503)
    expect((await companion.next(({ tag }) => tag === 'stream:error')).attrs['code']).toBe('503')
    await companion.closed()
  })

  it('learns that it was unlinked by 401 and device_removed', async () => {
    const companion = await linked()
    phone.removeDevice(companion.jid)
    const end = await companion.next(({ tag }) => tag === 'stream:error')
    expect(end).toEqual(element('stream:error', { code: '401' }, [element('conflict', { type: 'device_removed' })]))
  })

  it('gets an error for what the service does not know, never silence', async () => {
    const companion = await linked()
    expect(errorCode(await companion.query({ xmlns: 'w:unheard-of', type: 'get' }))).toBe('400')
    expect(errorCode(await companion.query({ xmlns: 'encrypt', type: 'get' }, [element('no-such-thing')]))).toBe('501')
    expect(errorCode(await companion.query({ xmlns: 'encrypt', type: 'get' }, [element('key')]))).toBe('400')
    expect(violationKinds()).toEqual(['invalid-stanza', 'unknown-stanza', 'invalid-stanza'])
  })
})
