import { isPnUser } from '../binary/jid.js'
import type { KurirSignalRepository, SignalRepositoryWithLIDStore } from '../signal/repository-contract.js'
import type { EncryptedPart } from './incoming.js'
import type { MessageDecryptor } from './incoming-decryption.js'

/** The JID whose session decrypts messages of `sender`: its LID where one is known, since sessions live there. */
export async function getDecryptionJid(sender: string, repository: SignalRepositoryWithLIDStore): Promise<string> {
  if (isPnUser(sender) !== true) return sender
  return (await repository.lidMapping.getLIDForPN(sender)) ?? sender
}

/** Decryption by a session repository alone: nothing is stored, secrets of prompts are not known. */
export function repositoryDecryptor(repository: SignalRepositoryWithLIDStore): MessageDecryptor {
  return {
    async pairwise(part, { author }) {
      const jid = await getDecryptionJid(author, repository)
      return repository.decryptMessage({ jid, type: typeOf(part), ciphertext: part.ciphertext })
    },
    senderKey: ({ ciphertext }, { sender, author }) =>
      repository.decryptGroupMessage({ group: sender, authorJid: author, msg: ciphertext }),
    async distribute(item, { author }) {
      await repository.processSenderKeyDistributionMessage({ item, authorJid: author })
    },
    promptSecret: () => Promise.resolve(undefined),
  }
}

/** What a repository cannot know by itself. */
export type DecryptorHooks = Pick<MessageDecryptor, 'promptSecret' | 'store'>

/**
 * Decryption by Kurir's own repository: the ratchet step, sender keys that the message brings and what `store` writes to
 * the same key store are committed together, or not at all.
 */
export function committingDecryptor(repository: KurirSignalRepository, hooks: DecryptorHooks): MessageDecryptor {
  return {
    ...hooks,
    async pairwise(part, { author }, commit) {
      await repository.decryptMessage({ jid: author, type: typeOf(part), ciphertext: part.ciphertext, commit })
      return undefined
    },
    async senderKey({ ciphertext }, { sender, author }, commit) {
      await repository.decryptGroupMessage({ group: sender, authorJid: author, msg: ciphertext, commit })
      return undefined
    },
    async distribute(item, { author, sender }) {
      await repository.processSenderKeyDistributionMessage({ item, authorJid: author, chat: sender })
    },
  }
}

function typeOf(part: EncryptedPart): 'pkmsg' | 'msg' {
  return part.type === 'pkmsg' ? 'pkmsg' : 'msg'
}
