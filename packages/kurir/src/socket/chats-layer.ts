import { isJidNewsletter, jidNormalizedUser } from '../binary/jid.js'
import type { ServerProps } from '../chats/server-props.js'
import type { MessageUpsertType, WAMessage } from '../events/message-types.js'
import { historyDownload } from '../history/download-history.js'
import { checkObject } from '../messages/content/checks.js'
import { AccountSync } from './account-sync.js'
import { makeAppState } from './app-state.js'
import type { AppStateMembers } from './app-state-members.js'
import { Blocklist, type BlocklistMembers } from './blocklist.js'
import { ContactTokens } from './contact-tokens.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import { MessageEffects } from './effects.js'
import { HistoryReceiver } from './history-receiver.js'
import { type LookUpMembers, lookUpMembers } from './look-up.js'
import { mediaNetwork } from './media-network.js'
import { MessageSecretStore } from './message-secret-store.js'
import { PeopleNotifications } from './people-notifications.js'
import { Presence, type PresenceMembers } from './presence.js'
import { Privacy, type PrivacyMembers } from './privacy.js'
import { Profile, type ProfileMembers } from './profile.js'
import { announcePushName } from './push-name.js'
import { type Mutex, makeMutex } from './scheduling.js'
import { ServerPropsKeeper } from './server-props.js'
import type { USyncSocket } from './usync-layer.js'

/**
 * Presence, privacy, profiles, app state, and the hand-over of messages with what follows from them (docs/protocol/06,
 * chats).
 */
export interface ChatsMembers
  extends PresenceMembers,
    PrivacyMembers,
    BlocklistMembers,
    ProfileMembers,
    LookUpMembers,
    AppStateMembers {
  /** Switches of the service, live; the service changes them, programs only look. */
  readonly serverProps: ServerProps
  readonly messageMutex: Mutex
  readonly receiptMutex: Mutex
  readonly notificationMutex: Mutex
  /**
   * Emits a message and applies what follows from it.
   *
   * @param requestId the request that the phone answers with this message (Kurir's own)
   * @throws KurirError `invalid-content` (400) for a message without key; nothing is told then
   */
  upsertMessage(message: WAMessage, type: MessageUpsertType, requestId?: string): Promise<void>
}

export type ChatsSocket = USyncSocket & ChatsMembers

/** Internal: whether the device has announced itself as available. */
export interface Availability {
  readonly isOnline: boolean
}

export function makeChatsLayer({ core, socket }: Layer<USyncSocket>): Layer<ChatsSocket> & {
  readonly availability: Availability
  readonly secrets: MessageSecretStore
  readonly tokens: ContactTokens
} {
  const tokens = new ContactTokens(core)
  const presence = new Presence(core, tokens)
  const privacy = new Privacy(core)
  const props = new ServerPropsKeeper(core)
  const blocklist = new Blocklist(core)
  const profile = new Profile(core, tokens)
  new AccountSync(core, { privacy, blocklist, profile })
  announcePushName(core, presence)
  const secrets = new MessageSecretStore(core.keys, core.config.clock)
  const appState = makeAppState(core)
  const history = new HistoryReceiver(core, {
    secrets,
    download: historyDownload(mediaNetwork(core.config)),
    announced: isTaken => appState.historyAnnounced(isTaken),
  })
  const effects = new MessageEffects(core, { secrets, history, appState })
  const members: ChatsMembers = {
    ...appState.members,
    serverProps: core.serverProps,
    messageMutex: makeMutex(),
    receiptMutex: makeMutex(),
    notificationMutex: makeMutex(),
    upsertMessage: (message, type, requestId) => upsertMessage(core, effects, message, type, requestId),
    ...presence.members,
    ...privacy.members,
    ...blocklist.members,
    ...profile.members,
    ...lookUpMembers(core, tokens),
  }
  new PeopleNotifications(core, members.upsertMessage)
  core.ev.on('connection.update', ({ connection }) => {
    if (connection !== 'open') return
    void afterLogin(core, { presence, privacy, blocklist, props })
    history.resume().catch(error => core.logger.error({ err: error }, 'waiting history could not be read'))
  })
  return { core, socket: extendSocket(socket, members), availability: presence, secrets, tokens }
}

async function upsertMessage(
  core: SocketCore,
  effects: MessageEffects,
  message: WAMessage,
  type: MessageUpsertType,
  requestId?: string,
): Promise<void> {
  const { ev, creds } = core
  checkObject('key', checkObject('message', message).key)
  ev.emit('messages.upsert', { messages: [message], type, ...(requestId === undefined ? {} : { requestId }) })
  // A channel is nobody's contact, and its name is not ours.
  if (message.pushName && message.key.remoteJid && !isJidNewsletter(message.key.remoteJid)) {
    const id = jidNormalizedUser(message.key.fromMe ? creds.me?.id : (message.key.participant ?? message.key.remoteJid))
    if (!message.key.fromMe)
      ev.emit('contacts.update', [{ id, notify: message.pushName, verifiedName: message.verifiedBizName ?? undefined }])
    // A message that has waited carries the name of its day. Who can read app state goes by that alone.
    else if (creds.me && creds.me.name !== message.pushName && !creds.myAppStateKeyId)
      ev.emit('creds.update', { me: { ...creds.me, name: message.pushName } })
  }
  await effects.apply(message)
}

interface AskedAfterLogin {
  readonly presence: Presence
  readonly privacy: Privacy
  readonly blocklist: Blocklist
  readonly props: ServerPropsKeeper
}

/** What the web client asks right after a login. Failures are logged only: nothing here is needed to talk. */
async function afterLogin(core: SocketCore, { presence, privacy, blocklist, props }: AskedAfterLogin): Promise<void> {
  const { config, logger, creds } = core
  const asked = config.fireInitQueries ? [props.fetch(), blocklist.refresh(), privacy.fetch(true)] : []
  const announced = creds.me?.name
    ? presence.announce(config.markOnlineOnConnect ? 'available' : 'unavailable')
    : Promise.resolve()
  for (const result of await Promise.allSettled([announced, ...asked])) {
    if (result.status === 'rejected' && core.connection.phase === 'open') {
      logger.warn({ err: result.reason }, 'a question after the login was not answered')
    }
  }
}
