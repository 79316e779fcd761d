import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addTransactionCapability, silentLogger, useMultiFileAuthState } from 'kurir'
import { makeLibSignalRepository } from 'kurir/signal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

interface Ciphertext {
  readonly kind: string
  readonly type?: 'msg' | 'pkmsg'
  readonly from?: string
  readonly group?: string
  readonly author?: string
  readonly ciphertext: string
  readonly plaintext: string
}

const { folderB, afterReload } = JSON.parse(
  readFileSync(new URL('../fixtures/vectors/01-auth-state.json', import.meta.url), 'utf8'),
) as { folderB: { [file: string]: string }; afterReload: Ciphertext[] }

describe('a folder that Baileys wrote (docs/protocol/01 §9.7)', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kurir-baileys-'))
    for (const [file, text] of Object.entries(folderB)) writeFileSync(join(folder, file), text)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it.each(afterReload)(
    'has what it takes to read the next $kind',
    async ({ type, from, group, author, ciphertext, plaintext }) => {
      const { state, close } = await useMultiFileAuthState(folder)
      const keys = addTransactionCapability(state.keys, silentLogger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
      const repository = makeLibSignalRepository({ creds: state.creds, keys }, silentLogger)
      const bytes = Buffer.from(ciphertext, 'hex')
      const opened =
        group === undefined
          ? await repository.decryptMessage({ jid: from!, type: type!, ciphertext: bytes })
          : await repository.decryptGroupMessage({ group, authorJid: author!, msg: bytes })
      expect(Buffer.from(opened).toString()).toContain(plaintext)
      repository.close()
      await close()
    },
  )
})
