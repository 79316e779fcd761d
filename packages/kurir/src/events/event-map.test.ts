import { describe, expect, expectTypeOf, it } from 'vitest'
import type { AuthenticationCreds } from '../auth/credentials.js'
import type { Chat, ChatUpdate } from '../chats/chat-types.js'
import { LabelAssociationType } from '../chats/label-types.js'
import { silentLogger } from '../logger/logger.js'
import type { proto } from '../proto/index.js'
import { type ConnectionState, DisconnectReason, SyncState } from './connection-state.js'
import { makeEventBuffer } from './event-buffer.js'
import type { EventFilterMap } from './event-filters.js'
import { EventManager } from './event-manager.js'
import type { BaileysEvent, BaileysEventMap, EventBatch } from './event-map.js'
import type { WAMessage, WAMessageKey, WAMessageUpdate } from './message-types.js'
import { type BufferableEvent, bufferableEvents } from './pending-events.js'
import { bindWaitForEvent } from './wait-for-event.js'

const ev = makeEventBuffer(silentLogger)

describe('types of the events', () => {
  it('follow the name of the event', () => {
    ev.on('connection.update', update => expectTypeOf(update).toEqualTypeOf<Partial<ConnectionState>>())
    ev.once('messages.upsert', ({ messages, type, requestId }) => {
      expectTypeOf(messages).toEqualTypeOf<WAMessage[]>()
      expectTypeOf(type).toEqualTypeOf<'append' | 'notify'>()
      expectTypeOf(requestId).toEqualTypeOf<string | undefined>()
    })
    ev.on('creds.update', creds => expectTypeOf(creds).toEqualTypeOf<Partial<AuthenticationCreds>>())
    ev.on('messages.update', updates => expectTypeOf(updates).toEqualTypeOf<WAMessageUpdate[]>())
    ev.on('chats.delete', ids => expectTypeOf(ids).toEqualTypeOf<string[]>())
    ev.process(events => {
      expectTypeOf(events).toEqualTypeOf<EventBatch>()
      expectTypeOf(events['chats.update']).toEqualTypeOf<ChatUpdate[] | undefined>()
    })
    ev.destroy()
  })

  it('refuse wrong names and payloads', () => {
    // @ts-expect-error no such event
    ev.on('message.upsert', () => {})
    // @ts-expect-error not the payload of this event
    ev.emit('chats.delete', [{ id: 'x' }])
    // @ts-expect-error not the payload of this event
    ev.on('chats.delete', (ids: number[]) => ids)
    expect(ev.emit('chats.delete', ['x'])).toBe(false)
  })

  it('have the shapes that programs for Baileys rely on', () => {
    expectTypeOf<WAMessage>().toExtend<proto.IWebMessageInfo>()
    expectTypeOf<WAMessageKey>().toExtend<proto.IMessageKey>()
    expectTypeOf<Chat>().toExtend<proto.IConversation>()
    expectTypeOf<Chat>().toExtend<ChatUpdate>()
    expectTypeOf<BufferableEvent>().toExtend<BaileysEvent>()
    expectTypeOf(bindWaitForEvent(ev, 'call')).parameter(0).parameter(0).toEqualTypeOf<BaileysEventMap['call']>()
    const settings = (event: BaileysEventMap['settings.update']) => {
      if (event.setting === 'locale') expectTypeOf(event.value).toEqualTypeOf<string>()
      if (event.setting === 'unarchiveChats') expectTypeOf(event.value).toEqualTypeOf<boolean>()
    }
    const labels = ({ association }: BaileysEventMap['labels.association']) => {
      if (association.type === LabelAssociationType.Message) expectTypeOf(association.messageId).toEqualTypeOf<string>()
    }
    expectTypeOf(settings).toBeFunction()
    expectTypeOf(labels).toBeFunction()
  })

  it('follow the filter of a named handler', () => {
    const manager = new EventManager(makeEventBuffer(silentLogger), { logger: silentLogger })
    manager.add('a', 'message:text', incoming => expectTypeOf(incoming.text).toEqualTypeOf<string>())
    manager.add('b', 'message:image', ({ content }) =>
      expectTypeOf(content).toEqualTypeOf<proto.Message.IImageMessage>(),
    )
    manager.add('c', 'groups.update', groups => expectTypeOf(groups).toEqualTypeOf<EventFilterMap['groups.update']>())
    // @ts-expect-error no such filter
    manager.add('d', 'message:smoke', () => {})
    expect(manager.list()).toHaveLength(4)
  })
})

describe('the events that wait while buffering', () => {
  it('are the twelve of docs/protocol/04 7.1 and an own one, in the order of a batch', () => {
    expect(bufferableEvents).toEqual([
      'messaging-history.set',
      'chats.upsert',
      'chats.update',
      'chats.delete',
      'messages.upsert',
      'messages.update',
      'messages.delete',
      'messages.reaction',
      'message-receipt.update',
      'contacts.upsert',
      'contacts.update',
      'groups.update',
      // Kurir's own, which Baileys does not have.
      'app-state.action',
    ])
  })
})

describe('DisconnectReason', () => {
  it('reads both ways, as an enum does', () => {
    expect(DisconnectReason.loggedOut).toBe(401)
    expect(DisconnectReason[401]).toBe('loggedOut')
    expect(DisconnectReason[DisconnectReason.connectionLost]).toBe('timedOut')
    expectTypeOf(DisconnectReason.restartRequired).toEqualTypeOf<515>()
    expectTypeOf<DisconnectReason>().toEqualTypeOf<428 | 408 | 440 | 401 | 500 | 515 | 411 | 403 | 503>()
    expect(SyncState.Online).toBe(3)
  })
})
