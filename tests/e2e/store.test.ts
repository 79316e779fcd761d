import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Store, StoreOptions } from '@kurir/store'
import { BufferJSON } from 'kurir'
import { afterEach, expect, it } from 'vitest'
import { onEachDatabase } from '../../packages/store/src/testing/stores.js'
import { worldForEachTest } from './support/world.js'

const script = fileURLToPath(new URL('./support/store-bot.mjs', import.meta.url))

onEachDatabase('a bot with its state in a store', stores => {
  const world = worldForEachTest()
  let bot: ChildProcess | undefined
  afterEach(() => kill())

  /** Starts the bot; `until` resolves with the value of a line that begins with the word. */
  function start(place: StoreOptions): { until(word: string): Promise<string> } {
    const { url, noiseRoot } = world().service
    const root = JSON.stringify(noiseRoot, BufferJSON.replacer)
    const child = spawn(process.execPath, [script, JSON.stringify(place), url, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    bot = child
    const lines = createInterface({ input: child.stdout })
    const until = (word: string) =>
      new Promise<string>(resolve => {
        const look = (line: string) => {
          if (!line.startsWith(`${word} `)) return
          lines.off('line', look)
          resolve(line.slice(word.length + 1))
        }
        lines.on('line', look)
      })
    return { until }
  }

  async function kill(): Promise<void> {
    if (bot === undefined || bot.exitCode !== null || bot.signalCode !== null) return
    const gone = once(bot, 'exit')
    bot.kill('SIGKILL')
    await gone
  }

  it('is linked, talks, is killed and goes on; nothing is missing', async () => {
    const place = await stores.place()
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const first = start(place)
    const opened = first.until('open')
    await alice.scan(await first.until('qr'))
    await opened
    const heard = (text: string) => bob.waitForMessage(message => message.text === `echo of ${text}`)
    await bob.send(alice.jid, { text: 'before' })
    await heard('before')

    const texts = Array.from({ length: 12 }, (_, index) => `text ${index}`)
    for (const text of texts.slice(0, 6)) await bob.send(alice.jid, { text })
    await kill()
    for (const text of texts.slice(6)) await bob.send(alice.jid, { text })
    await start(place).until('open')
    for (const text of texts) await heard(text)
    await kill()

    const store = await stores.open(place)
    expect(await loggedTexts(store)).toEqual(['before', ...texts])
    const { messages } = await store.messages.search('bot', '"text 7"')
    expect(messages.filter(({ key }) => !key.fromMe)).toMatchObject([{ message: { conversation: 'text 7' } }])
    expect(await store.sessions.load('bot')).toMatchObject({ me: expect.stringContaining('@s.whatsapp.net') })
  })
})

/** What the log has of received texts, in order. */
async function loggedTexts(store: Store): Promise<string[]> {
  const texts: string[] = []
  for (let after = 0; ; ) {
    const page = await store.events.read('bot', { after, events: ['messages.upsert'] })
    for (const { payload } of page.events) {
      const { messages } = payload as { messages: { key: { fromMe: boolean }; message?: { conversation?: string } }[] }
      for (const { key, message } of messages) {
        if (!key.fromMe && message?.conversation !== undefined) texts.push(message.conversation)
      }
    }
    after = page.next
    if (after >= page.head) return texts
  }
}
