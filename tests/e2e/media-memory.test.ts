import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

/** 256 MiB; `npm run test:media-large` asks for 2 GiB. */
const size = Number(process.env['KURIR_MEDIA_BYTES'] ?? 256 * 1024 * 1024)
/** What a file of any size may cost, client and media host together. */
const mostGrowth = 64 * 1024 * 1024

/** Runs `work` and says by how much the memory of the process rose meanwhile. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss()
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 5)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return peak - before
}

it(`a file of ${size} bytes goes up and down without being held in memory`, { timeout: 600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kurir-media-memory-'))
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  try {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    /** A file with nothing in it takes no room on disk. */
    const sparse = async (length: number) => {
      const path = join(folder, String(length))
      const file = await open(path, 'w')
      await file.truncate(length)
      await file.close()
      return path
    }
    const roundTrip = async (length: number) => {
      const url = await sparse(length)
      const document = { document: { url }, mimetype: 'application/octet-stream' }
      const sent = await bot.socket.sendMessage(bob.jid, document)
      expect(sent?.message?.documentMessage?.fileLength).toBe(length)
      const stream = await bot.socket.downloadMedia(sent ?? { key: {} }, 'stream')
      let received = 0
      stream.on('data', (chunk: Buffer) => {
        received += chunk.byteLength
      })
      await finished(stream)
      expect(received).toBe(length)
    }
    // Code, pools and buffers that any transfer needs.
    for (let round = 0; round < 3; round += 1) await roundTrip(32 * 1024 * 1024)
    const growth = await growthDuring(() => roundTrip(size))
    console.info(`${size} bytes up and down: memory rose by ${(growth / 1024 / 1024).toFixed(1)} MiB`)
    expect(growth).toBeLessThan(mostGrowth)
  } finally {
    process.env['TMPDIR'] = before
    if (before === undefined) delete process.env['TMPDIR']
    await rm(folder, { recursive: true })
  }
})
