/**
 * Compares the types of Kurir with those of Baileys 7, member by member: `npm run check:types` compiles this file, and it
 * compiles only while the lists below are exact. A difference that is not listed is an error, and so is a listed one
 * that is none.
 *
 * Compared as most programs are compiled, without `exactOptionalPropertyTypes`; the class `Long` of 64-bit members is
 * replaced by what Kurir reads (./long.d.ts).
 */
import type * as baileys from 'baileys'
import type * as kurir from 'kurir'

/** Exports of both that cannot be assigned to Baileys' type, by the reason. */
interface ExportDifferences {
  /** Typed `Buffer`; Baileys' generated declarations say `Buffer<ArrayBuffer>`. */
  readonly bufferKind:
    | 'aesDecrypt'
    | 'aesDecryptCTR'
    | 'aesDecryptGCM'
    | 'aesDecryptWithIV'
    | 'aesEncrypt'
    | 'aesEncryptCTR'
    | 'aesEncryptGCM'
    | 'aesEncrypWithIV'
    | 'Curve'
    | 'downloadExternalBlob'
    | 'encodeBigEndian'
    | 'encryptedStream'
    | 'getAudioWaveform'
    | 'KEY_BUNDLE_TYPE'
    | 'makeLtHashGenerator'
    | 'makeNoiseHandler'
    | 'NOISE_WA_HEADER'
    | 'toBuffer'
    | 'unpadRandomMax16'
    | 'WA_ADV_ACCOUNT_SIG_PREFIX'
    | 'WA_ADV_DEVICE_SIG_PREFIX'
    | 'WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX'
    | 'WA_ADV_HOSTED_DEVICE_SIG_PREFIX'
    | 'WA_CERT_DETAILS'
    | 'writeRandomPadMax16'
  /** Constants are read-only. */
  readonly readOnly: 'DECRYPTION_RETRY_CONFIG' | 'PROCESSABLE_HISTORY_TYPES' | 'UNAUTHORIZED_CODES'
  /** Constant objects with a union type of the same name instead of TypeScript enums; a number may have no name. */
  readonly noEnum:
    | 'DisconnectReason'
    | 'NewChatMessageCappingMVStatusType'
    | 'NewChatMessageCappingOTEStatusType'
    | 'NewChatMessageCappingStatusType'
    | 'ReachoutTimelockEnforcementType'
    | 'WAMessageAddressingMode'
  /** The protobuf schema is newer: enums have more members, and 64-bit members are smaller objects. */
  readonly newerSchema:
    | 'assertMediaContent'
    | 'chatModificationToAppPatch'
    | 'cleanMessage'
    | 'decodeMessageNode'
    | 'decodePatches'
    | 'decodeSyncdMutations'
    | 'decodeSyncdPatch'
    | 'decodeSyncdSnapshot'
    | 'downloadMediaMessage'
    | 'encodeNewsletterMessage'
    | 'encodeSyncdPatch'
    | 'encodeWAMessage'
    | 'extensionForMediaMessage'
    | 'extractMessageContent'
    | 'generateForwardMessageContent'
    | 'generateLinkPreviewIfRequired'
    | 'generateLoginNode'
    | 'generateRegistrationNode'
    | 'generateWAMessage'
    | 'generateWAMessageContent'
    | 'generateWAMessageFromContent'
    | 'getBinaryNodeMessages'
    | 'getContentType'
    | 'getUrlInfo'
    | 'hasNonNullishProperty'
    | 'isRealMessage'
    | 'mediaMessageSHA256B64'
    | 'downloadAndProcessHistorySyncNotification'
    | 'downloadHistory'
    | 'getAggregateVotesInPollMessage'
    | 'getHistoryMsg'
    | 'processHistoryMessage'
    | 'normalizeMessageContent'
    | 'prepareDisappearingMessageSettingContent'
    | 'prepareWAMessageMedia'
    | 'proto'
    | 'shouldIncrementChatUnread'
    | 'WAMessageStubType'
    | 'WAProto'
  /** Events carry those messages; listeners are called with them. */
  readonly eventsOfNewerSchema:
    | 'bindWaitForConnectionUpdate'
    | 'bindWaitForEvent'
    | 'makeEventBuffer'
    | 'processSyncAction'
  /** Kurir keeps the record kind `device-record` too: a key store has to take any kind. */
  readonly moreRecordKinds:
    | 'addTransactionCapability'
    | 'getNextPreKeys'
    | 'getNextPreKeysNode'
    | 'getPreKeys'
    | 'makeCacheableSignalKeyStore'
  /** `creds.account` may hold base64 text, as it does after Baileys has saved and loaded it. */
  readonly savedAccount: 'configureSuccessfulPairing' | 'initAuthCreds' | 'useMultiFileAuthState'
  /** In Baileys an object of a WebAssembly module, with memory to be freed. */
  readonly plainObject: 'LT_HASH_ANTI_TAMPERING'
  /** The fields of these classes are private, or the class has more methods. */
  readonly classes: 'decryptMessageNode' | 'MessageRetryManager' | 'USyncQuery'
  /** A member that may be missing is missing, not undefined. */
  readonly absent: 'extractE2ESessionFromRetryReceipt'
  /** Without `auth`, `logger` and `makeSignalRepository`, which are made when a socket needs them. */
  readonly lazyDefaults: 'DEFAULT_CONNECTION_CONFIG'
  /** Errors are of our own class, with everything that programs read of a Boom. */
  readonly errorClass: 'decodeMediaRetryNode'
  /** The stream of a file is a stream, not more. */
  readonly plainStream: 'getStream'
  /** All of the socket's differences. */
  readonly socket: 'default' | 'makeWASocket'
}

/** The same for members of the socket. */
interface MemberDifferences {
  readonly newerSchema:
    | 'createParticipantNodes'
    | 'ev'
    | 'groupAcceptInviteV4'
    | 'relayMessage'
    | 'requestPlaceholderResend'
    | 'sendMessage'
    | 'updateMediaMessage'
    | 'upsertMessage'
    | 'waitForConnectionUpdate'
  readonly noEnum:
    | 'appPatch'
    | 'fetchAccountReachoutTimelock'
    | 'fetchNewChatMessageCap'
    | 'groupCreate'
    | 'groupFetchAllParticipating'
    | 'groupGetInviteInfo'
    | 'groupMetadata'
  readonly savedAccount: 'authState'
  readonly classes: 'executeUSyncQuery' | 'messageRetryManager' | 'signalRepository' | 'ws'
}

/** Functions that take fewer arguments than in Baileys, or whose result is a promise in one of the two only. */
interface CallDifferences {
  /** Takes the node alone: the codec has no token tables to be given, and no list of numbers to write into. */
  readonly ownCodec: 'encodeBinaryNode'
}

type Baileys = typeof baileys
type Kurir = typeof kurir
type BaileysSocket = baileys.WASocket
type KurirSocket = kurir.WASocket

type Mismatch<Ours, Theirs> = {
  [Name in keyof Ours & keyof Theirs]: Ours[Name] extends Theirs[Name] ? never : Name
}[keyof Ours & keyof Theirs]

/** Every call that Baileys takes has to be one that Kurir takes, with a promise where there is one. */
type CallMismatch<Ours, Theirs> = {
  [Name in keyof Ours & keyof Theirs]: Ours[Name] extends (...args: infer OurArguments) => infer OurResult
    ? Theirs[Name] extends (...args: infer TheirArguments) => infer TheirResult
      ? [TheirArguments['length'], IsPromise<TheirResult>] extends [OurArguments['length'], IsPromise<OurResult>]
        ? never
        : Name
      : Name
    : never
}[keyof Ours & keyof Theirs]

type IsPromise<Value> = [Value] extends [never] ? false : [Value] extends [Promise<unknown>] ? true : false

/** Fails to compile, naming what is in the type, unless nothing is. */
type Nothing<_Names extends never> = true

export type UnlistedExports = Nothing<Exclude<Mismatch<Kurir, Baileys>, ExportDifferences[keyof ExportDifferences]>>
export type OutdatedExports = Nothing<Exclude<ExportDifferences[keyof ExportDifferences], Mismatch<Kurir, Baileys>>>
export type UnlistedMembers = Nothing<
  Exclude<Mismatch<KurirSocket, BaileysSocket>, MemberDifferences[keyof MemberDifferences]>
>
export type OutdatedMembers = Nothing<
  Exclude<MemberDifferences[keyof MemberDifferences], Mismatch<KurirSocket, BaileysSocket>>
>
export type UnlistedCalls = Nothing<
  Exclude<
    CallMismatch<Kurir, Baileys> | CallMismatch<KurirSocket, BaileysSocket>,
    CallDifferences[keyof CallDifferences]
  >
>
