import type { EncryptedPart, IncomingMessage } from '../messages/incoming.js'
import type { MessageDecryptor } from '../messages/incoming-decryption.js'
import { isOwnAccount } from '../messages/own-account.js'
import { committingDecryptor } from '../messages/repository-decryptor.js'
import { checkCompanion, isCompanion } from '../signal/companion-trust.js'
import { decodePreKeySignalMessage } from '../signal/signal-message.js'
import type { SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
import { ownAccount } from './own-account.js'

/**
 * Decryption of received messages with the sessions and sender keys of this device. The step of the ratchet, sender keys
 * that come along and the message in the inbox are one commit.
 */
export function makeMessageDecryptor(core: SocketCore, devices: DeviceDirectory): MessageDecryptor {
  const { repository, config, memory, keys } = core
  const committing = committingDecryptor(repository, {
    store: (message, incoming) => memory.inbox.store(incoming, message, keys),
    promptSecret: async (context, message) => {
      const prompt = await config.getMessage({ remoteJid: chatOf(message), id: context.targetId, fromMe: true })
      return prompt?.messageContextInfo?.messageSecret ?? undefined
    },
  })
  return {
    ...committing,
    async pairwise(part, message, next) {
      if (part.type === 'pkmsg') await checkAuthor(core, devices, part, message)
      return committing.pairwise(part, message, next)
    },
  }
}

function chatOf(message: IncomingMessage): string {
  return message.fullMessage.key.remoteJid ?? message.author
}

/** A companion that begins a session proves that its account vouches for it; ours can have no other account key. */
async function checkAuthor(
  { repository, creds }: SocketCore,
  devices: DeviceDirectory,
  { ciphertext }: EncryptedPart,
  { author, deviceIdentity }: IncomingMessage,
): Promise<void> {
  if (!isCompanion(author)) return
  const { identityKey } = decodePreKeySignalMessage(ciphertext)
  const otherAccount = isOwnAccount(author, ownAccount(creds)) ? 'refuse' : 'replace'
  const companion = await checkCompanion(repository, { jid: author, identityKey, deviceIdentity }, otherAccount)
  if (companion) await devices.companionVouched(author, companion)
}
