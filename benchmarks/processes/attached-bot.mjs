/** A bot in socket mode: `attached-bot.mjs <gateway url> <token>`. Tells when it is attached, and of its first event. */
import { connectRemote } from '@kurir/remote'

const [url, token] = process.argv.slice(2)
const socket = await connectRemote({ url, token, name: 'restarted' })
process.send('attached')
socket.ev.process(events => {
  if (events['messages.upsert']) process.send('event')
})
