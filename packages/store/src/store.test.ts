import { expect, it } from 'vitest'
import { onEachDatabase } from './testing/stores.js'

onEachDatabase('a store', stores => {
  it('keeps keys, records events and hands them out', async () => {
    const place = await stores.place()
    const store = await stores.open(place)
    const { state, saveCreds } = await store.auth('bot')
    await saveCreds()
    await state.keys.set({ session: { '1.0': Buffer.from('ratchet') } })
    const message = {
      key: { remoteJid: '1@s.whatsapp.net', id: 'A1', fromMe: false },
      messageTimestamp: 1_700_000_000,
      message: { conversation: 'Hello world' },
    }
    await store.record('bot', { 'messages.upsert': { type: 'notify', messages: [message] } })
    await store.close()

    const again = await stores.open(place)
    const { state: stored } = await again.auth('bot')
    expect(stored.creds.noiseKey).toEqual(state.creds.noiseKey)
    expect(await stored.keys.get('session', ['1.0', '2.0'])).toEqual({ '1.0': Buffer.from('ratchet'), '2.0': null })
    expect((await again.messages.search('bot', 'hello')).messages).toEqual([message])
    expect(await again.getMessage('bot')(message.key)).toEqual(message.message)
    const { events } = await again.events.read('bot')
    expect(events).toMatchObject([{ cursor: 1, event: 'messages.upsert', chat: '1@s.whatsapp.net' }])
  })
})
