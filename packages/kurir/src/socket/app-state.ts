import { blobDownload } from '../app-state/external-blobs.js'
import type { KeyShare } from '../app-state/key-messages.js'
import { type AppStateMembers, appStateMembers } from './app-state-members.js'
import { AppStateSync } from './app-state-sync.js'
import { AppStateUploads } from './app-state-uploads.js'
import type { SocketCore } from './core.js'
import { InitialSync } from './initial-sync.js'
import { mediaNetwork } from './media-network.js'

/** App state on the socket: its members, and what messages of the phone have to do with it. */
export interface AppState {
  readonly members: AppStateMembers
  /** A piece of history was announced; the first one starts the first sync. */
  historyAnnounced(isTaken: boolean): void
  /** Resolves when the keys are stored. */
  takeKeys(share: KeyShare): Promise<void>
  takeRecovery: AppStateSync['takeRecovery']
}

export function makeAppState(core: SocketCore): AppState {
  const sync = new AppStateSync(core, { download: blobDownload(mediaNetwork(core.config)) })
  const initial = new InitialSync(core, { sync })
  return {
    members: appStateMembers(core, { sync, uploads: new AppStateUploads(core, sync) }),
    historyAnnounced: isTaken => initial.historyAnnounced(isTaken),
    takeKeys: async share => {
      await sync.takeKeys(share)
      if (sync.keys.hasAny) initial.keysArrived()
    },
    takeRecovery: answer => sync.takeRecovery(answer),
  }
}
