/**
 * Prints every event of an account, one line of JSON for each: what happens, and in what shape it is told.
 *
 *   npx tsx examples/event-log.ts
 */
import { BufferJSON } from 'kurir'
import { stayConnected } from './support/stay-connected.js'

/** Secrets of the device: not for a terminal. */
const hidden = new Set(['creds.update'])

await stayConnected('event-log', sock => {
  // One batch holds what happened together; it counts as handled when this has resolved.
  sock.ev.process(async events => {
    for (const [event, data] of Object.entries(events)) {
      if (!hidden.has(event)) console.log(JSON.stringify({ event, data }, BufferJSON.replacer))
    }
  })
})
