import type { BinaryNode, WACallEvent } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { linkedAuth } from './support/linked-credentials.js'
import { node, scriptedServices } from './support/scripted-services.js'

const { clientOf, scripted } = scriptedServices()

const creator = '100000000000077:2@lid'
const caller = '100000000000077@lid'
const callId = 'A1B2C3D4E5F60718293A4B5C6D7E8F90'

const call = (payload: string, attrs: BinaryNode['attrs'] = {}, content: BinaryNode[] = [], stanza = {}): BinaryNode =>
  node('call', { id: `stanza ${payload}`, from: caller, t: '1700000000', ...stanza }, [
    node(payload, { 'call-id': callId, 'call-creator': creator, ...attrs }, content),
  ])

const callsOf = (client: KurirClient): WACallEvent[] =>
  client.events.flatMap(({ name, data }) => (name === 'call' ? (data as WACallEvent[]) : []))

async function connected() {
  const service = await scripted()
  const client = clientOf(service, { auth: linkedAuth() })
  await client.connect().open()
  return { client, connection: await service.connection() }
}

describe('calls (docs/protocol/03, 10)', () => {
  it('are reported step by step, each with what the offer said, and answered', async () => {
    const { client, connection } = await connected()
    connection.send(call('offer', { caller_pn: '62811@s.whatsapp.net' }, [node('audio', {}), node('video', {})]))
    connection.send(call('relaylatency', { latency_ms: '42' }))
    connection.send(call('terminate', { reason: 'timeout' }))
    const [offer, latency, timeout] = await client.waitFor(
      () => callsOf(client).length === 3 && callsOf(client),
      'calls',
    )
    const common = { chatId: caller, from: creator, id: callId, isVideo: true, isGroup: false, offline: false }
    expect(offer).toMatchObject({ ...common, status: 'offer', callerPn: '62811@s.whatsapp.net' })
    expect(offer?.date).toEqual(new Date(1_700_000_000_000))
    expect(latency).toMatchObject({ ...common, status: 'relaylatency', latencyMs: 42 })
    expect(timeout).toMatchObject({ ...common, status: 'timeout', callerPn: '62811@s.whatsapp.net' })
    // Offers are confirmed by a receipt that names the call, other steps by an ack (docs/protocol/03, 14).
    expect(await connection.stanza(({ attrs }) => attrs['id'] === 'stanza offer')).toMatchObject({
      tag: 'receipt',
      attrs: { to: caller, from: client.lid },
      content: [{ tag: 'offer', attrs: { 'call-id': callId, 'call-creator': creator } }],
    })
    expect(await connection.stanza(({ attrs }) => attrs['id'] === 'stanza terminate')).toMatchObject({
      tag: 'ack',
      attrs: { class: 'call', type: 'terminate', to: caller },
    })
    // Nobody answered: the chat gets a line (docs/protocol/03, 4A.3).
    const missed = await client.waitFor(() => client.messages.find(({ key }) => key.id === callId), 'missed call')
    expect(missed).toMatchObject({ key: { remoteJid: caller, fromMe: false }, messageStubType: 41 })
  })

  it('of groups and calls that were over before we connected', async () => {
    const { client, connection } = await connected()
    const group = '120363000000000001@g.us'
    connection.send(call('offer_notice', { media: 'video', type: 'group', 'group-jid': group }, [], { offline: '1' }))
    const invitation = await client.waitFor(() => client.messages.find(({ message }) => message?.call), 'invitation')
    expect(Buffer.from(invitation.message?.call?.callKey ?? []).toString()).toBe(callId)
    connection.send(call('terminate', { reason: 'timeout' }, [], { offline: '1' }))
    await client.waitFor(() => callsOf(client).length === 2, 'calls')
    expect(callsOf(client)[0]).toMatchObject({ isVideo: true, isGroup: true, groupJid: group, offline: true })
    await client.waitFor(() => client.messages.some(({ messageStubType }) => messageStubType === 46), 'missed call')
  })

  it('can be rejected', async () => {
    const { client, connection } = await connected()
    const rejected = client.socket.rejectCall(callId, creator)
    const stanza = await connection.stanza(({ tag }) => tag === 'call')
    expect(stanza).toMatchObject({
      attrs: { to: creator, from: client.lid },
      content: [{ tag: 'reject', attrs: { 'call-id': callId, 'call-creator': creator, count: '0' } }],
    })
    connection.send(node('ack', { class: 'call', id: stanza.attrs['id'] ?? '', from: creator }))
    await expect(rejected).resolves.toBeUndefined()
  })

  it('are rejected towards the device that began them, whoever passed the offer on (docs/protocol/03, 10.4)', async () => {
    const { client, connection } = await connected()
    connection.send(call('offer', { from: caller }))
    const [offer] = await client.waitFor(() => callsOf(client).length === 1 && callsOf(client), 'offer')
    expect(offer?.from).toBe(caller)
    const rejected = client.socket.rejectCall(callId, offer?.from ?? '')
    const stanza = await connection.stanza(({ tag }) => tag === 'call')
    expect(stanza).toMatchObject({ attrs: { to: caller }, content: [{ attrs: { 'call-creator': creator } }] })
    connection.send(node('ack', { class: 'call', id: stanza.attrs['id'] ?? '', from: caller }))
    await rejected
  })

  it('refusals of the service reach whoever asked', async () => {
    const { client, connection } = await connected()
    const refuse = async (to: string, work: Promise<unknown>) => {
      const refused = expect(work).rejects.toMatchObject({ code: 'server-refused', data: 406 })
      const { attrs } = await connection.stanza(stanza => stanza.tag === 'call' && stanza.attrs['to'] === to)
      connection.send(node('ack', { class: 'call', id: attrs['id'] ?? '', from: to, error: '406' }))
      await refused
    }
    await refuse(creator, client.socket.rejectCall(callId, creator))
    await refuse('@call', client.socket.createCallLink('audio'))
    await expect(client.socket.createCallLink('hologram' as 'audio')).rejects.toMatchObject({ data: { field: 'type' } })
    const never = client.socket.createCallLink('audio', { startTime: Number.NaN })
    await expect(never).rejects.toMatchObject({ code: 'invalid-content', data: { field: 'event.startTime' } })
    await expect(client.socket.rejectCall('', creator)).rejects.toMatchObject({ data: { field: 'callId' } })
    await expect(client.socket.rejectCall(callId, 'nobody')).rejects.toMatchObject({ data: { field: 'callFrom' } })
  })

  it('get links', async () => {
    const { client, connection } = await connected()
    const link = client.socket.createCallLink('video', { startTime: 1_800_000_000 })
    const stanza = await connection.stanza(({ tag }) => tag === 'call')
    expect(stanza).toMatchObject({
      content: [{ tag: 'link_create', attrs: { media: 'video' }, content: [{ attrs: { start_time: '1800000000' } }] }],
    })
    connection.send(
      node('ack', { class: 'call', type: 'link_create', id: stanza.attrs['id'] ?? '', from: '@call' }, [
        node('link_create', { token: 'TOKEN', media: 'video' }),
      ]),
    )
    await expect(link).resolves.toBe('TOKEN')
  })

  it('that say nothing are acknowledged and logged', async () => {
    const { client, connection } = await connected()
    connection.send(node('call', { id: 'empty', from: caller, t: '1' }))
    expect(await connection.stanza(({ attrs }) => attrs['id'] === 'empty')).toMatchObject({ tag: 'ack' })
    await client.logged('invalid-stanza')
    expect(callsOf(client)).toEqual([])
  })
})
