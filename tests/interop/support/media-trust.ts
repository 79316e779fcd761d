import { Agent } from 'node:https'
import type { Simulator } from '@kurir/simulator'

/** What makes an unmodified Baileys accept the certificate of a simulator's media host. */
export const baileysMediaConfig = ({ media }: Simulator) => ({
  // Uploads go through node:https.
  fetchAgent: new Agent({ ca: media.certificateAuthority }),
  // Downloads go through fetch.
  options: { dispatcher: fetchDispatcher(media.certificateAuthority) } as RequestInit,
})

type DispatcherClass = new (options: { readonly connect: { readonly ca: string } }) => unknown

/** Node brings the library behind fetch along, but offers it only as the dispatcher that is in use. */
const fetchDispatcher = (ca: string): unknown => {
  void fetch('data:,').catch(() => {})
  const key = Symbol.for('undici.globalDispatcher.1')
  const { constructor: Dispatcher } = (
    globalThis as unknown as Record<symbol, { readonly constructor: DispatcherClass }>
  )[key]!
  return new Dispatcher({ connect: { ca } })
}
