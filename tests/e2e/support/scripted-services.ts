import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BinaryNode } from 'kurir'
import { afterEach, vi } from 'vitest'
import { type ClientOptions, KurirClient } from './kurir-client.js'
import { linkedAuth } from './linked-credentials.js'
import { type Script, ScriptedService } from './scripted-service.js'

type Ending = () => Promise<unknown>

/** Whatever the tests of a file start by these functions ends with the test, the last first; so do fake timers. */
export function scriptedServices() {
  const endings: Ending[] = []
  afterEach(async () => {
    vi.useRealTimers()
    for (const end of endings.splice(0).reverse()) await end()
  })
  const atEnd = (end: Ending): void => {
    endings.push(end)
  }
  return {
    atEnd,
    async scripted(script: Script = {}): Promise<ScriptedService> {
      const service = await ScriptedService.start(script)
      atEnd(() => service.stop())
      return service
    },
    /** A client with credentials as after a pairing. */
    clientOf(service: ScriptedService, options: ClientOptions = {}): KurirClient {
      const client = new KurirClient(service, { auth: linkedAuth(), ...options })
      atEnd(async () => client.socket.end(undefined))
      return client
    },
    async temporaryFolder(): Promise<string> {
      const folder = await mkdtemp(join(tmpdir(), 'kurir-e2e-'))
      atEnd(() => rm(folder, { recursive: true, force: true }))
      return folder
    },
  }
}

export const node = (tag: string, attrs: Record<string, string>, content?: BinaryNode['content']): BinaryNode =>
  content === undefined ? { tag, attrs } : { tag, attrs, content }
