import { publicCredentials, type SessionView } from '@kurir/remote/wire'
import type { Session } from './session.js'
import type { SessionState } from './session-state.js'

/** How a session is, as programs see it. */
export function sessionView(session: Session): SessionView {
  const { state } = session
  return {
    connection: connectionOf(state),
    state: state.kind === 'ended' ? state.reason : state.kind,
    since: state.since,
    explanation: session.explain(),
    credentials: publicCredentials(session.credentials),
    ...(state.kind === 'pairing' && { qr: state.qr }),
    ...('error' in state && { error: state.error }),
  }
}

function connectionOf({ kind }: SessionState): SessionView['connection'] {
  if (kind === 'open') return 'open'
  return kind === 'connecting' || kind === 'pairing' ? 'connecting' : 'close'
}
