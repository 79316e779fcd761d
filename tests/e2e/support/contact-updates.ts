import { isDeepStrictEqual } from 'node:util'
import type { BaileysEventMap, Contact } from 'kurir'
import type { KurirClient } from './kurir-client.js'

/** What was told about people, as one list. */
export const contactUpdates = (client: KurirClient): Partial<Contact>[] =>
  client.events.flatMap(({ name, data }) =>
    name === 'contacts.update' ? (data as BaileysEventMap['contacts.update']) : [],
  )

/** The first update that says all of this. */
export const told = (client: KurirClient, update: Partial<Contact>): Promise<Partial<Contact>> =>
  client.waitFor(
    () =>
      contactUpdates(client).find(each =>
        Object.entries(update).every(([name, value]) => isDeepStrictEqual(each[name as keyof Contact], value)),
      ),
    `contacts.update with ${JSON.stringify(update)}`,
  )
