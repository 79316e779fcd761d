/** An offline WhatsApp service with phones, for developing and testing without WhatsApp. */
export type { ValidationMode } from './accounts/account.js'
export type { AppStateChange, AppStateEntry } from './app-state/account-app-state.js'
export type {
  ActiveAppStateFault,
  AppStateFaultAction,
  AppStateFaultMatch,
  AppStateFaultRule,
  SpoiledPart,
} from './app-state/app-state-faults.js'
export type { AppStateService } from './app-state/app-state-service.js'
export { COLLECTION_NAMES, type CollectionName } from './app-state/collection-names.js'
export type { BusinessProfile, CatalogCollection, CatalogProduct, Order, ReviewStatus } from './business/business.js'
export { type CancelSchedule, type Clock, systemClock } from './clock.js'
export type { ActiveFault } from './faults/fault-injector.js'
export type { FaultAction, FaultMatch, FaultRule } from './faults/fault-rule.js'
export type { CertificateDefect, FrameFault, TransportFaults } from './faults/transport-faults.js'
export type { HistoryPlan } from './history/history-chunks.js'
export type { InventedHistory } from './history/invented-history.js'
export type {
  ActiveMediaFault,
  MediaFaultAction,
  MediaFaultMatch,
  MediaFaultRule,
  MediaOperation,
} from './media/media-faults.js'
export type { MediaHost } from './media/media-host.js'
export type { UploadKind } from './media/media-path.js'
export type { StoredMedia } from './media/media-store.js'
export type { NewsletterRole, ReactionMode } from './newsletters/newsletter.js'
export type { NewsletterChanges } from './newsletters/newsletter-desk.js'
export type { CrowdMember } from './phone/crowd.js'
export type { LinkedDevice, Phone } from './phone/phone.js'
export type { EventAnswer } from './phone/phone-addons.js'
export type { KeyRotation, PhoneAppState } from './phone/phone-app-state.js'
export type {
  ChangedMessage,
  PhoneAppStateChange,
  PhoneContact,
  PhoneLabel,
  PhoneQuickReply,
} from './phone/phone-app-state-changes.js'
export type { PhoneAppStateModel, PhoneChatState, PhoneMessageMark } from './phone/phone-app-state-model.js'
export type { NewProduct, PhoneBusiness } from './phone/phone-business.js'
export type { CallOptions, PhoneCallSignal } from './phone/phone-calls.js'
export type { PhoneContent, PhoneMediaContent, PhonePoll, PhoneSendOptions } from './phone/phone-content.js'
export type { GroupMemberChange, GroupNotice, GroupOutcome, PhoneGroupOptions } from './phone/phone-groups.js'
export type { HistoryOptions } from './phone/phone-history.js'
export type { GrantForgery } from './phone/phone-linking.js'
export type { PhoneFile, PhoneMediaKind, UploadedFile } from './phone/phone-media.js'
export type { MediaRetryAnswer } from './phone/phone-media-retry.js'
export type { PhoneMessage, PhoneReceipt } from './phone/phone-messages.js'
export type { NewsletterSnapshot, PhoneNewsletters } from './phone/phone-newsletters.js'
export type { OpenedAddOn } from './phone/phone-opening.js'
export type { PeopleNotice, PhonePeople, SeenPresence } from './phone/phone-people.js'
export type { PreparedMessages } from './phone/phone-sender.js'
export type { TextStatusChange } from './profiles/text-statuses.js'
export { SeededRandom } from './random.js'
export type { DirtyType } from './router/dirty-bits.js'
export type { StanzaListener, TracedStanza } from './router/stanza-trace.js'
export { type PhoneOptions, Simulator, type SimulatorOptions } from './simulator.js'
export type { SimulatorFaults } from './simulator-faults.js'
export type { Violation, ViolationKind, ViolationListener } from './violations.js'
