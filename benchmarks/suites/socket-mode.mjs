/**
 * What socket mode costs, without a service behind it: a call through the gateway, events from the log of a SQLite store,
 * and the restart of a bot process until it has its first event in its hands.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Gateway } from '@kurir/gateway'
import { connectRemote } from '@kurir/remote'
import { openStore } from '@kurir/store'
import { makeEventBuffer, silentLogger } from 'kurir'
import { median, ROUNDS, smallerIsBetter } from '../harness.mjs'

const EVENTS = 20_000
const CHATS = 200
const CALLS = 500
const token = 'a token of the benchmark'

export const measure = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kurir-benchmark-'))
  const store = await openStore({ file: join(folder, 'kurir.sqlite') })
  const gateway = await Gateway.start({ store, port: 0, token, makeSocket: openSocket })
  await gateway.sessions.start('main')
  const attach = name => connectRemote({ url: gateway.url, token, name, credit: 1000 })
  const rows = [
    smallerIsBetter({ name: 'call through the gateway', unit: 'ms' }, { kurir: await callTime(attach) }),
    { name: 'events replayed from SQLite', unit: 'events/s', kurir: await replay(store, attach), peers: {}, ratio: {} },
    smallerIsBetter(
      { name: 'restart of a bot to its first event', unit: 'ms' },
      { kurir: await restart(store, gateway) },
    ),
  ]
  await gateway.close()
  rmSync(folder, { recursive: true, force: true })
  return rows
}

/** A socket that is connected at once and answers at once. */
function openSocket() {
  const ev = makeEventBuffer(silentLogger)
  setImmediate(() => ev.emit('connection.update', { connection: 'open' }))
  return { ev, end: async () => {}, fetchPrivacySettings: async () => ({ readreceipts: 'all' }) }
}

async function callTime(attach) {
  const socket = await attach('calls')
  const times = []
  for (let call = -100; call < CALLS; call += 1) {
    const began = performance.now()
    await socket.fetchPrivacySettings()
    if (call >= 0) times.push(performance.now() - began)
  }
  await socket.end()
  return median(times)
}

const message = number => ({
  event: 'messages.upsert',
  chat: `${number % CHATS}@s.whatsapp.net`,
  payload: {
    type: 'notify',
    messages: [
      {
        key: { remoteJid: `${number % CHATS}@s.whatsapp.net`, id: `3EB0${number}`, fromMe: false },
        message: { extendedTextMessage: { text: `text ${number}, as long as texts are on an ordinary day` } },
        messageTimestamp: 1_700_000_000 + number,
        pushName: 'Somebody',
      },
    ],
  },
})

async function replay(store, attach) {
  const first = await attach('replay')
  await first.end()
  for (let number = 0; number < EVENTS; number += 1000) {
    await store.events.append(
      'main',
      Array.from({ length: 1000 }, (_, index) => message(number + index)),
    )
  }
  const socket = await attach('replay')
  const began = performance.now()
  await new Promise(resolve => {
    let seen = 0
    socket.ev.process(() => {
      seen += 1
      if (seen === EVENTS) resolve()
    })
  })
  const seconds = (performance.now() - began) / 1000
  await socket.end()
  return EVENTS / seconds
}

async function restart(store, gateway) {
  const times = []
  for (let round = -1; round < ROUNDS; round += 1) {
    if (round >= 0) await store.events.append('main', [message(round)])
    const began = performance.now()
    const bot = fork(fileURLToPath(new URL('../processes/attached-bot.mjs', import.meta.url)), [gateway.url, token])
    // The first one only makes its name known.
    await once(bot, 'message')
    if (round >= 0) {
      await once(bot, 'message')
      times.push(performance.now() - began)
    }
    bot.kill('SIGKILL')
    await once(bot, 'exit')
  }
  return median(times)
}
