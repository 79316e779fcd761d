import { KurirError } from '../errors/kurir-error.js'

export type AppStateErrorCode =
  | 'app-state-mac-mismatch'
  | 'app-state-version-gap'
  | 'app-state-terminated'
  | 'app-state-key-missing'
  | 'invalid-app-state'
  | 'invalid-chat-modification'

export interface AppStateErrorData {
  readonly collection?: string
  /** Of the patch or snapshot. */
  readonly version?: number
  /** What is wrong, in a few words. */
  readonly what?: string
  /** Base64; only for `app-state-key-missing`. */
  readonly keyIds?: readonly string[]
  /** What programs written for Baileys look at. */
  readonly isMissingKey?: true
}

/** App state that cannot be read, believed or written (docs/protocol/04, 1.14). Nothing of it has been taken over. */
export class AppStateError extends KurirError<AppStateErrorData> {
  override readonly name = 'AppStateError'
  declare readonly code: AppStateErrorCode
}

/** Bytes that are not what they should be (docs/protocol/04, 1.7 and 1.9). */
export function invalidAppState(what: string, data: AppStateErrorData = {}, cause?: unknown): AppStateError {
  return new AppStateError('invalid-app-state', `The app state cannot be read: ${what}`, {
    statusCode: 400,
    data: { ...data, what },
    cause,
  })
}

/** Something that was not made with the key that it names, or was changed on the way. */
export function appStateMacMismatch(what: 'value' | 'index' | 'patch'): AppStateError {
  return new AppStateError('app-state-mac-mismatch', `The MAC of the ${what} does not match`, {
    statusCode: 400,
    data: { what },
  })
}

/** A change that cannot be made. The texts are those of Baileys where it has one: programs compare them. */
export function invalidModification(what: string, statusCode: 400 | 500 = 400): AppStateError {
  return new AppStateError('invalid-chat-modification', what, { statusCode, data: { what } })
}

/** A key that its owner has not shared with this device yet. */
export function missingAppStateKey(keyIds: readonly string[]): AppStateError {
  return new AppStateError('app-state-key-missing', 'This device lacks an app-state key', {
    statusCode: 404,
    retryable: true,
    data: { keyIds, isMissingKey: true },
  })
}
