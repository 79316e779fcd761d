import { proto } from 'kurir/proto'
import type { AppStateChange, AppStateEntry } from '../app-state/account-app-state.js'
import type { AppStateFaultRule } from '../app-state/app-state-faults.js'
import { COLLECTION_NAMES } from '../app-state/collection-names.js'
import type { Phone } from '../phone/phone.js'
import type { PhoneAppStateChange } from '../phone/phone-app-state-changes.js'
import type { Simulator } from '../simulator.js'
import { type ControlRequest, hasAction, oneOf, type Route, refusal, route, text, texts } from './route.js'

const DIRTY = ['account_sync', 'groups', 'syncd_app_state', 'newsletter_metadata'] as const

/** What phones and companions share, by HTTP. */
export const appStateRoutes = (simulator: Simulator): readonly Route[] => {
  const phone = ({ parameters }: ControlRequest): Phone => simulator.findPhone(parameters[0] ?? '')
  const { faults } = simulator.appState
  return [
    route('GET', '/phones/:/app-state', request => describeState(phone(request))),
    route('POST', '/phones/:/app-state', async request => {
      await phone(request).appState.change(...checkedChanges(request.body['changes']))
      return { versions: versionsOf(phone(request)) }
    }),
    route('POST', '/phones/:/app-state/rotate-key', ({ body, ...request }) =>
      phone({ body, ...request }).appState.rotateKey({
        share: body['share'] !== false,
        announce: body['announce'] !== false,
      }),
    ),
    route('POST', '/phones/:/app-state/share-keys', request =>
      phone(request).appState.shareKeys(text(request.body['device'], 'device')),
    ),
    route('POST', '/phones/:/app-state/withhold-keys', request => {
      phone(request).appState.withholdKeys = request.body['on'] !== false
    }),
    route('GET', '/app-state/faults', () => ({ rules: faults.rules.map(({ rule, hits }) => ({ rule, hits })) })),
    route('POST', '/app-state/faults', ({ body }) => ({ rule: faults.add(checkedRule(body)).rule })),
    route('DELETE', '/app-state/faults', () => faults.clear()),
    route('GET', '/devices/:/dirty', ({ parameters }) => ({ types: simulator.dirty(parameters[0] ?? '') })),
    route('POST', '/devices/:/dirty', ({ parameters, body }) =>
      simulator.markDirty(parameters[0] ?? '', oneOf(body['type'], DIRTY, 'type'), texts(body['parts'], 'parts')),
    ),
  ]
}

/** Bytes inside the protobuf are written in base64. */
const describeState = (phone: Phone) => ({
  versions: versionsOf(phone),
  entries: phone.appState.entries.map(describeEntry),
  changes: phone.appState.changes.map(({ operation, version, device, ...entry }: AppStateChange) => ({
    ...describeEntry(entry),
    operation,
    version,
    device,
  })),
})

const describeEntry = ({ collection, index, value, actionVersion }: AppStateEntry) => ({
  collection,
  index,
  value: proto.SyncActionValue.fromObject(value).toJSON(),
  actionVersion,
})

const versionsOf = ({ appState }: Phone) =>
  Object.fromEntries(COLLECTION_NAMES.map(name => [name, appState.version(name)]))

const checkedChanges = (changes: unknown): readonly PhoneAppStateChange[] => {
  if (Array.isArray(changes) && changes.every(isChange)) return changes
  throw refusal('changes is a list of objects with an action', 'changes')
}

const isChange = (change: unknown): change is PhoneAppStateChange =>
  typeof change === 'object' && change !== null && 'action' in change && typeof change.action === 'string'

const checkedRule = (body: object): AppStateFaultRule => {
  if (isRule(body)) return body
  throw refusal('An app-state rule has operation and action.kind')
}

const isRule = (body: object): body is AppStateFaultRule =>
  'operation' in body && (body.operation === 'fetch' || body.operation === 'upload') && hasAction(body)
