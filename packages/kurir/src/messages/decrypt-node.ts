import type { BinaryNode } from '../binary/node.js'
import type { WAMessage } from '../events/message-types.js'
import type { ILogger } from '../logger/logger.js'
import { proto } from '../proto/index.js'
import type { SignalRepositoryWithLIDStore } from '../signal/repository-contract.js'
import { parseIncomingMessage } from './incoming.js'
import { MISSING_KEYS_ERROR_TEXT, NO_MESSAGE_FOUND_ERROR_TEXT } from './incoming-answer.js'
import { type DecryptedMessage, decryptIncoming } from './incoming-decryption.js'
import { repositoryDecryptor } from './repository-decryptor.js'

/** How Baileys retries a decryption that finds no session; kept for programs that read it. */
export const DECRYPTION_RETRY_CONFIG = {
  maxRetries: 3,
  baseDelayMs: 100,
  sessionRecordErrors: ['No session record', 'SessionError: No session record'],
} as const

/**
 * Baileys' entry point: decodes the stanza at once and decrypts it when asked. Failures do not throw: they leave a
 * CIPHERTEXT stub whose parameter says why. The socket itself uses `decryptIncoming`, which also stores and classifies.
 *
 * @throws KurirError for a stanza without id, sender or participant
 */
export function decryptMessageNode(
  stanza: BinaryNode,
  meId: string,
  meLid: string,
  repository: SignalRepositoryWithLIDStore,
  logger: ILogger,
): { fullMessage: WAMessage; category: string | undefined; author: string; decrypt(): Promise<void> } {
  const me = { id: meId, lid: meLid }
  const incoming = parseIncomingMessage(stanza, me)
  const { fullMessage, author } = incoming
  return {
    fullMessage,
    category: stanza.attrs['category'],
    author,
    async decrypt() {
      const result = await decryptIncoming(incoming, repositoryDecryptor(repository), me)
      if (result.kind === 'content') {
        Object.assign(fullMessage, result.message)
        return
      }
      const text = stubText(result)
      if (text === undefined || (result.kind === 'absent' && incoming.unavailable?.type === 'view_once')) return
      logger.debug({ id: incoming.id, author, result: result.kind, text }, 'the message has no readable content')
      fullMessage.messageStubType = proto.WebMessageInfo.StubType.CIPHERTEXT
      fullMessage.messageStubParameters = [text]
    },
  }
}

function stubText(result: DecryptedMessage): string | undefined {
  switch (result.kind) {
    case 'failed':
      return result.error.message
    case 'duplicate':
      return MISSING_KEYS_ERROR_TEXT
    case 'absent':
    case 'unrecognized':
      return NO_MESSAGE_FOUND_ERROR_TEXT
    default:
      return undefined
  }
}
