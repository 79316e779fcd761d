import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

const example = fileURLToPath(new URL('../../examples/export-auth-folder.ts', import.meta.url))

describe('examples/export-auth-folder.ts', () => {
  const world = worldForEachTest()

  it('makes a folder with which Baileys goes on where Kurir has stopped', async () => {
    const place = world()
    const folder = place.newFolder()
    const exported = place.newFolder()
    const phone = await place.phone('Moving', 'lenient')
    const friend = await place.phone('Friend', 'lenient')
    const peer = await place.linked('kurir', friend)
    const before = await place.linked('kurir', phone, folder)
    await before.sendText(friend.jid, 'from Kurir')
    await peer.text('from Kurir')
    await peer.sendText(phone.jid, 'to Kurir')
    await before.text('to Kurir')
    const { jid, lid } = before
    await before.dispose()

    const arguments_ = ['--conditions', 'kurir-source', '--import', 'tsx', example, folder, exported]
    const { stdout } = await promisify(execFile)(process.execPath, arguments_)
    expect(stdout).toMatch(/credentials and [1-9]\d* sessions/)

    const after = await place.client('baileys', exported)
    await after.resume()
    expect([after.jid, after.lid]).toEqual([jid, lid])
    const question = await peer.sendText(phone.jid, 'to Baileys')
    await after.text('to Baileys')
    const answer = await after.sendText(friend.jid, 'from Baileys')
    await peer.text('from Baileys')
    await friend.waitForMessage(({ text }) => text === 'from Baileys')
    // No new session was needed on either side.
    expect([...after.ciphertextsOf(question), ...peer.ciphertextsOf(answer)]).toEqual(['msg', 'msg'])
    expect(place.retryReceipts).toBe(0)
    expect(place.violations).toEqual([])
  })
})
