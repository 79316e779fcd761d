import type { FaultRule } from '../faults/fault-rule.js'
import type { FrameFault, TransportFaults } from '../faults/transport-faults.js'
import type { MediaFaultRule } from '../media/media-faults.js'
import type { Phone } from '../phone/phone.js'
import type { PhoneOptions, Simulator } from '../simulator.js'
import { appStateRoutes } from './app-state-routes.js'
import { messageRoutes } from './message-routes.js'
import { type ControlRequest, hasAction, type Route, refusal, route, text, texts } from './route.js'

/** Everything the control interface can do. */
export const controlRoutes = (simulator: Simulator, onStop: () => void): readonly Route[] => [
  route('GET', '/', () => overview(simulator)),
  ...phoneRoutes(simulator),
  ...messageRoutes(simulator),
  ...appStateRoutes(simulator),
  ...faultRoutes(simulator),
  ...deviceRoutes(simulator),
  ...mediaRoutes(simulator),
  route('GET', '/violations', () => ({ violations: simulator.violations })),
  route('DELETE', '/violations', () => simulator.clearViolations()),
  route('POST', '/stop', () => {
    setImmediate(onStop)
  }),
]

const phoneRoutes = (simulator: Simulator): readonly Route[] => {
  const phone = ({ parameters }: ControlRequest): Phone => simulator.findPhone(parameters[0] ?? '')
  return [
    route('GET', '/phones', () => ({ phones: simulator.phones.map(describePhone) })),
    route('POST', '/phones', async ({ body }) => {
      const { number, ...options } = body
      return describePhone(await simulator.phone(text(number, 'number'), options as PhoneOptions))
    }),
    route('GET', '/phones/:', request => describePhone(phone(request))),
    route('POST', '/phones/:/scan', request => phone(request).scan(text(request.body['qr'], 'qr'))),
    route('POST', '/phones/:/code', request => phone(request).enterPairingCode(text(request.body['code'], 'code'))),
    route('GET', '/phones/:/receipts', request => ({ receipts: phone(request).receipts })),
    route('POST', '/phones/:/auto-read', request => {
      phone(request).autoRead = request.body['on'] !== false
    }),
    route('POST', '/phones/:/offline', request => phone(request).goOffline()),
    route('POST', '/phones/:/online', request => phone(request).goOnline()),
    route('POST', '/phones/:/reinstall', request => phone(request).reinstall()),
    route('POST', '/phones/:/lose-session', request => phone(request).loseSession(text(request.body['jid'], 'jid'))),
    route('DELETE', '/phones/:/devices/:', request => phone(request).removeDevice(request.parameters[1] ?? '')),
    route('POST', '/phones/:/groups', async request => {
      const { subject, members } = request.body
      return { group: await phone(request).createGroup(text(subject, 'subject'), texts(members, 'members')) }
    }),
  ]
}

const faultRoutes = (simulator: Simulator): readonly Route[] => [
  route('GET', '/faults', () => ({
    rules: simulator.faults.rules.map(({ rule, hits }) => ({ rule, hits })),
    transport: simulator.faults.transport,
  })),
  route('POST', '/faults', ({ body }) => {
    const { rule } = simulator.faults.add(checkedRule(body))
    return { rule }
  }),
  route('PUT', '/faults/transport', ({ body }) => simulator.faults.setTransport(body as TransportFaults)),
  route('POST', '/faults/frame', ({ body }) => {
    const device = body['device'] === undefined ? undefined : text(body['device'], 'device')
    simulator.faults.disturbFrame(text(body['kind'], 'kind') as FrameFault, device)
  }),
  route('PUT', '/faults/refuse-connections', ({ body }) => {
    const { status } = body
    simulator.faults.refuseConnections(typeof status === 'number' ? status : undefined)
  }),
  route('DELETE', '/faults', () => simulator.faults.clear()),
]

const deviceRoutes = (simulator: Simulator): readonly Route[] => [
  route('GET', '/devices/:/unconfirmed', ({ parameters }) => ({ count: simulator.unconfirmed(parameters[0] ?? '') })),
  route('POST', '/devices/:/redeliver', ({ parameters }) => ({ count: simulator.redeliver(parameters[0] ?? '') })),
  route('POST', '/devices/:/disconnect', ({ parameters }) => simulator.disconnect(parameters[0] ?? '')),
  route('POST', '/devices/:/stream-error', ({ parameters, body }) => {
    const { code } = body
    simulator.endWithStreamError(parameters[0] ?? '', typeof code === 'number' ? code : 503)
  }),
]

const mediaRoutes = ({ media }: Simulator): readonly Route[] => [
  route('GET', '/media', () => ({ files: media.files })),
  route('GET', '/media/faults', () => ({ rules: media.faults.rules.map(({ rule, hits }) => ({ rule, hits })) })),
  route('POST', '/media/faults', ({ body }) => ({ rule: media.faults.add(checkedMediaRule(body)).rule })),
  route('DELETE', '/media/faults', () => media.faults.clear()),
  route('POST', '/media/expire', ({ body }) => {
    const { status } = body
    media.expire(text(body['directPath'], 'directPath'), typeof status === 'number' ? status : 404)
  }),
  route('POST', '/media/expire-auth', () => media.expireAuth()),
]

const overview = (simulator: Simulator) => ({
  url: simulator.url,
  noiseRoot: describeRoot(simulator),
  seed: simulator.seed,
  media: describeMedia(simulator),
  phones: simulator.phones.length,
  connections: simulator.connectionCount,
  violations: simulator.violations.length,
})

/** The root as clients are configured with it: the key in base64. */
export const describeRoot = (simulator: Simulator) => ({
  publicKey: Buffer.from(simulator.noiseRoot.publicKey).toString('base64'),
  serial: simulator.noiseRoot.serial,
})

/** Where media is, and what its clients have to trust. */
export const describeMedia = ({ media: { origin, plainOrigin, certificateAuthority } }: Simulator) => ({
  origin,
  plainOrigin,
  certificateAuthority,
})

const describePhone = (phone: Phone) => ({
  number: phone.number,
  jid: phone.jid,
  lid: phone.lid,
  pushName: phone.account.pushName,
  online: phone.online,
  devices: phone.linkedDevices,
})

const checkedRule = (body: object): FaultRule => {
  if (isRule(body)) return body
  throw refusal('A rule has direction and action.kind')
}

const isRule = (body: object): body is FaultRule =>
  'direction' in body && (body.direction === 'to-client' || body.direction === 'from-client') && hasAction(body)

const checkedMediaRule = (body: object): MediaFaultRule => {
  if (isMediaRule(body)) return body
  throw refusal('A media rule has operation and action.kind')
}

const isMediaRule = (body: object): body is MediaFaultRule =>
  'operation' in body && (body.operation === 'upload' || body.operation === 'download') && hasAction(body)
