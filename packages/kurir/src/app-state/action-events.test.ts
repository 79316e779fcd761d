import { describe, expect, it } from 'vitest'
import type { ChatUpdate } from '../chats/chat-types.js'
import { proto } from '../proto/index.js'
import { actionEvents } from './action-events.js'
import type { ActionContext, AppStateEvent } from './action-rule.js'
import { actionTable } from './action-table.js'
import { decodeAction } from './actions.js'
import type { AppStateMutation, MutationOperation } from './mutation.js'
import { plain, readFixture } from './testing/vectors.js'

interface EventVector {
  readonly event: string
  readonly data: unknown
  readonly conditional?: 'absent' | Readonly<Record<string, boolean | null>>
}
type Phase = 'live' | 'initialUnarchiveOn' | 'initialUnarchiveOff'
interface ActionVector extends Record<Phase, EventVector[]> {
  readonly id: string
  readonly index: string[]
  readonly value: object
  readonly quirk?: string
  readonly recommended?: string | Partial<Record<Phase, EventVector[]>>
}

const { cases } = readFixture<{ cases: ActionVector[] }>('vectors/04-sync-actions.json')
const me = { id: '5511777770000:3@s.whatsapp.net', name: 'Me', lid: '999888777666555:3@lid' }
const defaultDisappearingMode = { ephemeralExpiration: 86_400 }
const contexts: Readonly<Record<Phase, ActionContext>> = {
  live: { me, accountSettings: { unarchiveChats: false }, initial: false },
  initialUnarchiveOn: { me, accountSettings: { unarchiveChats: true }, initial: true },
  initialUnarchiveOff: { me, accountSettings: { unarchiveChats: false }, initial: true },
}

const chat = '5511999990000@s.whatsapp.net'

/** A mutation whose value has been over the wire: absent members read as null. */
function mutation(
  index: readonly string[],
  value: object = {},
  operation: MutationOperation = 'set',
): AppStateMutation {
  const message = proto.SyncActionValue.fromObject({ timestamp: 1_700_000_000_123, ...value })
  const decoded = proto.SyncActionValue.decode(proto.SyncActionValue.encode(message).finish())
  return { collection: 'regular', operation, index, value: decoded, version: 1 }
}

/** As the vectors write events: protobuf JSON, and the outcome of the condition. */
function written(effect: AppStateEvent): EventVector {
  if (effect.event !== 'chats.update') return { event: effect.event, data: json(effect.data) }
  const [{ conditional, ...update } = {}] = effect.data
  return { event: effect.event, data: [json(update)], conditional: conditionOf(conditional) }
}

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function conditionOf(conditional: ChatUpdate['conditional']): NonNullable<EventVector['conditional']> {
  if (conditional === undefined) return 'absent'
  const known = (lastMessageRecvTimestamp: number) =>
    conditional({ historySets: { chats: {} }, chatUpserts: { [chat]: { id: chat, lastMessageRecvTimestamp } } }) ?? null
  return {
    unknownChat: conditional({ historySets: { chats: {} }, chatUpserts: {} }) ?? null,
    knownLastRecv50: known(50),
    knownLastRecv100: known(100),
    knownLastRecv150: known(150),
  }
}

describe('events of received mutations (docs/protocol/04, 2.6)', () => {
  describe.each(Object.entries(contexts) as [Phase, ActionContext][])('%s', (phase, context) => {
    it.each(cases)('$id $quirk', vector => {
      const events = actionEvents(mutation(vector.index, vector.value), context)
      // What Baileys is silent about has an event of ours.
      const theirs = events.filter(({ event }) => event !== 'app-state.action').map(written)
      const { recommended } = vector
      expect(theirs).toEqual(typeof recommended === 'object' ? recommended[phase] : vector[phase])
    })
  })

  it('keep the other settings of the account (2.6 rule 8)', () => {
    const accountSettings = { unarchiveChats: false, defaultDisappearingMode }
    const value = { unarchiveChatsSetting: { unarchiveChats: true } }
    expect(actionEvents(mutation(['setting_unarchiveChats'], value), { me, accountSettings, initial: false })).toEqual([
      { event: 'creds.update', data: { accountSettings: { unarchiveChats: true, defaultDisappearingMode } } },
    ])
  })

  it('tell the numbers of enums, not their names', () => {
    const [effect] = actionEvents(mutation(['status_privacy'], { statusPrivacy: { mode: 1 } }), contexts.live)
    expect(plain(effect?.data)).toEqual({ setting: 'statusPrivacy', value: { mode: 1 } })
  })

  it('keep the salt of message tokens with the credentials (2.9)', () => {
    const events = (value: object, operation?: MutationOperation) =>
      actionEvents(mutation(['nct_salt_sync'], value, operation), contexts.live)
    const salt = Buffer.from('salt')
    expect(events({ nctSaltSyncAction: { salt } })).toEqual([{ event: 'creds.update', data: { nctSalt: salt } }])
    expect(events({ nctSaltSyncAction: { salt: Buffer.alloc(0) } })).toEqual([])
    expect(events({}, 'remove')).toEqual([{ event: 'creds.update', data: { nctSalt: undefined } }])
  })
})

describe('what Baileys is silent about', () => {
  it('is told as one event of its own, with the typed action', () => {
    const index = ['clearChat', chat, '1', '0']
    const value = { clearChatAction: { messageRange: { lastMessageTimestamp: 100 } } }
    const [effect, ...others] = actionEvents(mutation(index, value), contexts.live)
    expect(others).toEqual([])
    expect(plain(effect)).toEqual({
      event: 'app-state.action',
      data: [
        {
          collection: 'regular',
          operation: 'set',
          action: {
            name: 'clearChat',
            target: { chatJid: chat, deleteStarred: true, deleteMedia: false },
            value: { messageRange: { lastMessageTimestamp: '100' } },
            index,
          },
          timestamp: 1_700_000_000_123,
          initial: false,
        },
      ],
    })
  })

  it('is nothing: whatever comes leads to an event, but for changes that change nothing', () => {
    const silent = new Set(['push-name-same'])
    for (const { id, index, value } of cases) {
      for (const context of Object.values(contexts)) {
        expect(actionEvents(mutation(index, value), context).length > 0, id).toBe(!silent.has(id))
      }
    }
    for (const name of Object.keys(actionTable)) {
      for (const operation of ['set', 'remove'] as const) {
        expect(actionEvents(mutation([name, 'a', 'b', '1', '0'], {}, operation), contexts.live), name).toHaveLength(1)
      }
    }
  })

  it('includes what is not known, and what lacks a part', () => {
    const muted = { muteAction: { muted: true } }
    const labeled = { labelAssociationAction: { labeled: true } }
    const lacking: readonly [string[], object][] = [
      [[], muted],
      [['brand_new', 'x'], {}],
      [['mute'], muted],
      [['star', chat], { starAction: { starred: true } }],
      [['label_jid', '7'], labeled],
      [['label_message', '7', chat], labeled],
      [['deleteMessageForMe', chat], {}],
      [['contact'], { contactAction: { fullName: 'x' } }],
    ]
    for (const [index, value] of lacking) {
      for (const operation of ['set', 'remove'] as const) {
        const effects = actionEvents(mutation(index, value, operation), contexts.live)
        expect(plain(effects), index.join()).toMatchObject([
          { event: 'app-state.action', data: [{ operation, action: { name: 'unknown' } }] },
        ])
      }
    }
  })
})

describe('removals', () => {
  it.each<[string[], string, unknown]>([
    [['contact', chat], 'contacts.update', [{ id: chat, name: undefined }]],
    [['lid_contact', '1@lid'], 'contacts.update', [{ id: '1@lid', name: undefined }]],
    [['mute', chat], 'chats.update', [{ id: chat, muteEndTime: null }]],
    [['pin_v1', chat], 'chats.update', [{ id: chat, pinned: null }]],
    [['archive', chat], 'chats.update', [{ id: chat, archived: false }]],
    [['lock', chat], 'chats.lock', { id: chat, locked: false }],
    [['label_edit', '7'], 'labels.edit', { id: '7', name: undefined, color: undefined, deleted: true }],
    [
      ['star', chat, 'M1', '1', '0'],
      'messages.update',
      [{ key: { remoteJid: chat, id: 'M1', fromMe: true }, update: { starred: false } }],
    ],
    [
      ['label_jid', '7', chat],
      'labels.association',
      { type: 'remove', association: { type: 'label_jid', chatId: chat, labelId: '7' } },
    ],
    [
      ['label_message', '7', chat, 'M1', '0', '0'],
      'labels.association',
      { type: 'remove', association: { type: 'label_message', chatId: chat, messageId: 'M1', labelId: '7' } },
    ],
  ])('%j: the mark is gone, whatever value comes with it', (index, event, data) => {
    const misleading = { muteAction: { muted: true }, contactAction: { fullName: 'x' }, starAction: { starred: true } }
    expect(actionEvents(mutation(index, misleading, 'remove'), contexts.live)).toEqual([{ event, data }])
  })

  it('of anything else are told as they are', () => {
    for (const index of [
      ['markChatAsRead', chat],
      ['setting_locale'],
      ['quick_reply', '1'],
      ['deleteChat', chat, '1'],
    ]) {
      const [effect] = actionEvents(mutation(index, {}, 'remove'), contexts.live)
      expect(effect).toMatchObject({
        event: 'app-state.action',
        data: [{ operation: 'remove', action: { name: index[0] } }],
      })
    }
  })
})

describe('the table of actions (docs/protocol/04, 2.2)', () => {
  interface Facts {
    readonly name: string
    readonly collection: string
    readonly version: number | null
    readonly index?: readonly { kind: string; name?: string }[] | readonly string[]
    readonly valueField: string | null
  }
  const data = readFixture<{ actions: Facts[]; otherNames: Facts[] }>('data/app-state-actions.json')
  const facts = [...data.actions, ...data.otherNames]

  it('has every action that is known, and no other', () => {
    expect(Object.keys(actionTable).toSorted()).toEqual(facts.map(({ name }) => name).toSorted())
  })

  // The handlers of these read no value, but the protobuf has one for them.
  const valuesOfProtobuf: Readonly<Record<string, string>> = {
    marketingMessageBroadcast: 'marketingMessageBroadcastAction',
    merchant_payment_partner: 'merchantPaymentPartnerAction',
    avatar_updated_action: 'avatarUpdatedAction',
  }

  it.each(facts)('$name', ({ name, collection, version, index, valueField }) => {
    const row = actionTable[name as keyof typeof actionTable]
    const value = valueField ?? valuesOfProtobuf[name]
    expect(row).toMatchObject({ collection, version: version ?? undefined, value })
    const slots = (index ?? []).slice(1)
    expect(Object.keys(row.slots)).toHaveLength(slots.length)
    for (const [position, slot] of slots.entries()) {
      const [slotName, kind] = Object.entries(row.slots)[position]!
      if (typeof slot === 'string') continue
      expect(slotName).toBe(slot.name)
      // 2.4: these are flags.
      if (slotName !== 'deleteStarred' && slotName !== 'deleteMedia') expect(kind).toBe(slot.kind)
    }
  })

  it('gives every action a typed value and target', () => {
    for (const { name, slots, value } of Object.entries(actionTable).map(([name, row]) => ({ name, ...row }))) {
      const texts = Object.values<string>(slots).map(kind => (kind === 'flag' || kind === 'enum' ? '1' : `a ${kind}`))
      const message: proto.ISyncActionValue = value === undefined ? {} : { [value]: {} }
      const action = decodeAction({ index: [name, ...texts, 'more'], value: message })
      const expected = Object.entries<string>(slots).map(([slot, kind]) => {
        const read: Readonly<Record<string, unknown>> = { flag: true, enum: 1 }
        return [slot, read[kind] ?? `a ${kind}`]
      })
      const index = [name, ...texts, 'more']
      expect(action).toEqual({ name, target: Object.fromEntries(expected), value: value && {}, index })
    }
  })

  it('reads the participant of own messages as nobody', () => {
    const action = decodeAction({ index: ['star', chat, 'M1', '0', '0'], value: undefined })
    expect(action).toMatchObject({ name: 'star', target: { fromMe: false, participant: undefined }, value: undefined })
    if (action.name === 'star') expect(action.target.participant).toBeUndefined()
    if (action.name === 'settings_sync') expect(action.target.settingKey + 1).toBe(2)
  })
})
