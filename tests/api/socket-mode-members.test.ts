import { readFileSync } from 'node:fs'
import { methodRegistry } from '@kurir/remote/wire'
import { makeMemoryAuthState, makeWASocket, silentLogger } from 'kurir'
import { expect, it } from 'vitest'

const { socket: rooms } = JSON.parse(readFileSync(new URL('./still-to-come.json', import.meta.url), 'utf8')) as {
  socket: Record<string, string[]>
}

it('the method registry of socket mode has a line for every member of the socket, and for nothing else', () => {
  const socket = makeWASocket({
    auth: makeMemoryAuthState().state,
    logger: silentLogger,
    // Nothing listens there; the socket is ended before it would ask.
    waWebSocketUrl: 'ws://127.0.0.1:9',
  })
  void socket.end(undefined)
  const members = Object.keys(socket)
  const lines = Object.keys(methodRegistry)
  expect(members.filter(name => !lines.includes(name))).toEqual([])
  const known = new Set([...members, ...Object.values(rooms).flat()])
  expect(lines.filter(name => !known.has(name))).toEqual([])
})
