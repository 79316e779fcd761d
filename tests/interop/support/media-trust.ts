import { Agent } from 'node:https'
import type { Simulator } from '@kurir/simulator'

/**
 * What makes an unmodified Baileys use a simulator's media host: trust in its certificate, and a way there where Baileys
 * names WhatsApp's own host, as for history.
 */
export const baileysMediaConfig = ({ media }: Simulator) => ({
  // Uploads go through node:https.
  fetchAgent: new Agent({ ca: media.certificateAuthority }),
  // Downloads go through fetch.
  options: { dispatcher: mediaDispatcher(media.origin, media.certificateAuthority) } as RequestInit,
})

interface DispatchOptions {
  readonly origin?: string | URL
}

interface Dispatcher {
  dispatch(options: DispatchOptions, handler: unknown): boolean
}

type DispatcherClass = new (options: { readonly connect: { readonly ca: string } }) => Dispatcher

/** Node brings the library behind fetch along, but offers it only as the dispatcher that is in use. */
const mediaDispatcher = (origin: string, ca: string): Dispatcher => {
  void fetch('data:,').catch(() => {})
  const key = Symbol.for('undici.globalDispatcher.1')
  const { constructor: AgentClass } = (
    globalThis as unknown as Record<symbol, { readonly constructor: DispatcherClass }>
  )[key]!
  const agent = new AgentClass({ connect: { ca } })
  return {
    dispatch: (options, handler) =>
      agent.dispatch(String(options.origin).endsWith('.whatsapp.net') ? { ...options, origin } : options, handler),
  }
}
