import { encodeBigEndian } from '../auth/big-endian.js'
import { type AuthenticationCreds, assertMeId } from '../auth/credentials.js'
import { jidDecode } from '../binary/jid.js'
import { md5 } from '../crypto/digest.js'
import { KurirError } from '../errors/kurir-error.js'
import { proto } from '../proto/index.js'
import type { SignalCreds } from '../signal/key-store.js'
import { devicePlatformType, type WABrowserDescription } from './browsers.js'

/** The members of a socket's config that go into the payload. */
export interface ClientPayloadConfig {
  readonly version: readonly [number, number, number]
  readonly browser: WABrowserDescription
  readonly syncFullHistory: boolean
  /** ISO 3166-1 alpha-2. */
  readonly countryCode: string
  readonly pushName?: string | undefined
}

const NETWORK_UNKNOWN = '000'
const CLIENT_TEXT = '0.1'
const KEY_BUNDLE_TYPE = 5
const ANDROID = /android/i
const PHONE_NUMBER = /^\d{1,15}$/
const PHONE_SERVERS: ReadonlySet<string> = new Set(['s.whatsapp.net', 'c.us', 'hosted'])

/**
 * The payload of a device that is not linked yet (docs/protocol/01 §3.3): it asks the server for pairing references and
 * hands over the public keys that the phone will vouch for.
 */
export function generateRegistrationNode(creds: SignalCreds, config: ClientPayloadConfig): proto.ClientPayload {
  const { signedPreKey, signedIdentityKey, registrationId } = creds
  return proto.ClientPayload.create({
    ...commonPayload(config),
    passive: false,
    pull: false,
    devicePairingData: {
      eRegid: encodeBigEndian(registrationId, 4),
      eKeytype: Buffer.of(KEY_BUNDLE_TYPE),
      eIdent: signedIdentityKey.public,
      eSkeyId: encodeBigEndian(signedPreKey.keyId, 3),
      eSkeyVal: signedPreKey.keyPair.public,
      eSkeySig: signedPreKey.signature,
      buildHash: md5(config.version.join('.')),
      deviceProps: proto.DeviceProps.encode(deviceProps(config)).finish(),
    },
  })
}

/**
 * The payload of a linked device (docs/protocol/01 §3.4). Delivery starts only when the client asks for it (`passive`).
 *
 * @throws KurirError `invalid-jid` when the JID does not name a phone number
 */
export function generateLoginNode(userJid: string, config: ClientPayloadConfig): proto.IClientPayload {
  const jid = jidDecode(userJid)
  const username = jid !== undefined && PHONE_NUMBER.test(jid.user) ? Number(jid.user) : 0
  if (jid === undefined || username === 0 || !PHONE_SERVERS.has(jid.server)) {
    throw new KurirError('invalid-jid', 'The own JID does not name a phone number', {
      statusCode: 400,
      data: { jid: userJid },
    })
  }
  return {
    ...commonPayload(config),
    username,
    passive: true,
    pull: true,
    ...(jid.device === undefined ? {} : { device: jid.device }),
    // Sessions are filed by LID here, which is what this member tells (docs/protocol/01 §12).
    lidDbMigrated: true,
  }
}

/** {@link generateRegistrationNode} under the name the socket uses. */
export const registrationPayload = generateRegistrationNode

/** The login payload of these credentials. @throws KurirError `not-authenticated` (401), `invalid-jid` (400) */
export function loginPayload(
  creds: Pick<AuthenticationCreds, 'me'>,
  config: ClientPayloadConfig,
): proto.IClientPayload {
  return generateLoginNode(assertMeId(creds), config)
}

/** What the phone shows and offers to this device at pairing (docs/protocol/01 §3.6). */
export function deviceProps({ browser, syncFullHistory }: ClientPayloadConfig): proto.IDeviceProps {
  const [os, browserName] = browser
  return {
    os,
    version: { primary: 10, secondary: 15, tertiary: 7 },
    platformType: platformType(browserName),
    requireFullSync: syncFullHistory,
    historySyncConfig: {
      storageQuotaMb: 10_240,
      inlineInitialPayloadInE2EeMsg: true,
      supportCallLogHistory: false,
      supportBotUserAgentChatHistory: true,
      supportCagReactionsAndPolls: true,
      supportBizHostedMsg: true,
      supportRecentSyncChunkMessageCountTuning: true,
      supportHostedGroupMsg: true,
      supportFbidBotChatHistory: true,
      supportMessageAssociation: true,
      supportGroupHistory: false,
    },
  }
}

function platformType(browserName: string): proto.DeviceProps.PlatformType {
  return browserName.toUpperCase() === 'ANDROID'
    ? proto.DeviceProps.PlatformType.ANDROID_PHONE
    : devicePlatformType(browserName)
}

function commonPayload(config: ClientPayloadConfig): proto.IClientPayload {
  const { Platform, ReleaseChannel } = proto.ClientPayload.UserAgent
  const [primary, secondary, tertiary] = config.version
  const android = ANDROID.test(config.browser[1])
  return {
    connectType: proto.ClientPayload.ConnectType.WIFI_UNKNOWN,
    connectReason: proto.ClientPayload.ConnectReason.USER_ACTIVATED,
    userAgent: {
      platform: android ? Platform.ANDROID : Platform.WEB,
      releaseChannel: ReleaseChannel.RELEASE,
      appVersion: { primary, secondary, tertiary },
      mcc: NETWORK_UNKNOWN,
      mnc: NETWORK_UNKNOWN,
      osVersion: CLIENT_TEXT,
      device: 'Desktop',
      osBuildNumber: CLIENT_TEXT,
      localeLanguageIso6391: 'en',
      localeCountryIso31661Alpha2: config.countryCode,
    },
    ...(android ? {} : { webInfo: { webSubPlatform: webSubPlatform(config) } }),
    ...(config.pushName ? { pushName: config.pushName } : {}),
  }
}

/** The desktop applications are named only to ask for full history (docs/protocol/01 §3.5). */
function webSubPlatform({
  browser: [os, name],
  syncFullHistory,
}: ClientPayloadConfig): proto.ClientPayload.WebInfo.WebSubPlatform {
  const { WebSubPlatform } = proto.ClientPayload.WebInfo
  if (!syncFullHistory || name !== 'Desktop') return WebSubPlatform.WEB_BROWSER
  if (os === 'Mac OS') return WebSubPlatform.DARWIN
  return os === 'Windows' ? WebSubPlatform.WIN32 : WebSubPlatform.WEB_BROWSER
}
