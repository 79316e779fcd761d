/** `npm run bot` and `npm run bot-direct`: examples/ping-bot.ts beside a gateway, or with a connection of its own. */
process.env['KURIR_MODE'] = process.argv[2] ?? 'direct'
await import('../examples/ping-bot.ts')
