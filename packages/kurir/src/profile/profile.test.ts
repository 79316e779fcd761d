import { describe, expect, it } from 'vitest'
import { parseAboutNotification } from './about.js'
import { parseBotList } from './bots.js'
import { parseDefaultTimer } from './default-timer.js'
import { parseOwnTextStatus, parseTextStatusNotification, textStatusQuery } from './text-status.js'
import { parseOwnUsername, parseOwnUsernameNotification, parseUsernameDeletion, parseUsernameSet } from './username.js'

describe('the about text (docs/protocol/04, 4.9)', () => {
  const about = (attrs: Record<string, string>, content?: Buffer) =>
    parseAboutNotification({
      tag: 'notification',
      attrs: {},
      content: [{ tag: 'set', attrs, ...(content && { content }) }],
    })

  it('of a contact is told as text, also when it was emptied', () => {
    expect(about({}, Buffer.from('Olá'))).toBe('Olá')
    expect(about({})).toBe('')
  })

  it('of somebody who is named by a hash alone is nobody', () => {
    expect(about({ hash: 'abcd' }, Buffer.from('x'))).toBeUndefined()
    expect(parseAboutNotification({ tag: 'notification', attrs: {} })).toBeUndefined()
  })
})

describe('the text status (docs/protocol/04, 4.2)', () => {
  const root = 'xwa2_notify_text_status_on_update'

  it('is set with all its parts, or taken away', () => {
    expect(textStatusQuery({ text: 'away', emoji: '🌴', duration: 3_600 }).variables).toEqual({
      input: { text: 'away', emoji: { content: '🌴' }, ephemeral_duration_sec: 3_600 },
    })
    expect(textStatusQuery({}).variables).toEqual({ input: { text: null, ephemeral_duration_sec: 0 } })
  })

  it('of a contact is read whether numbers come as such or as text', () => {
    const status = { text: 'away', emoji: '🌴', duration: 60, setAt: new Date(5_000) }
    for (const [duration, time] of [
      [60, '5'],
      ['60', 5],
    ]) {
      const content = {
        jid: '1@lid',
        text: 'away',
        emoji: { content: '🌴' },
        ephemeral_duration_sec: duration,
        last_update_time: time,
      }
      expect(parseTextStatusNotification({ [root]: content })).toEqual({ jid: '1@lid', status })
    }
  })

  it('is empty where parts are absent or wrong, and nothing without person', () => {
    const empty = { text: '', setAt: new Date(0) }
    expect(parseTextStatusNotification({ [root]: { jid: '1@lid', emoji: [], last_update_time: {} } })).toEqual({
      jid: '1@lid',
      status: empty,
    })
    expect(parseTextStatusNotification({ [root]: { text: 'x' } })).toBeUndefined()
    expect(parseTextStatusNotification({ [root]: null })).toBeUndefined()
  })

  it('of the own account comes as attributes', () => {
    const emoji = { tag: 'emoji', attrs: { content: '🌴' } }
    const attrs = { text: 'away', ephemeral_duration_sec: '60', last_update_time: '5' }
    expect(parseOwnTextStatus({ tag: 'text_status', attrs, content: [emoji] })).toEqual({
      text: 'away',
      emoji: '🌴',
      duration: 60,
      setAt: new Date(5_000),
    })
  })
})

describe('usernames (docs/protocol/04, 4.16)', () => {
  it('of the own account are there or not', () => {
    expect(parseOwnUsername({ username_info: { username: 'ana', pin: '1234' } })).toEqual({
      username: 'ana',
      key: '1234',
    })
    expect(parseOwnUsername({ username_info: { username: 'ana', pin: '' } })).toEqual({ username: 'ana' })
    for (const none of [null, {}, { username_info: null }, { username_info: { username: '' } }]) {
      expect(parseOwnUsername(none)).toBeUndefined()
    }
  })

  it('are set and taken away', () => {
    const set = (told: unknown) => parseUsernameSet({ xwa2_notify_username_on_change: told })
    const deleted = (told: unknown) => parseUsernameDeletion({ xwa2_notify_username_delete: told })
    expect(set({ lid: '1@lid', username: 'ana' })).toEqual({ lid: '1@lid', username: 'ana' })
    expect(deleted({ lid: '1@lid', pn_jid: '1@s.whatsapp.net' })).toEqual({
      lid: '1@lid',
      username: '',
      phoneNumber: '1@s.whatsapp.net',
    })
    expect(deleted({ lid: '1@lid', pn_jid: null })).toEqual({ lid: '1@lid', username: '' })
    for (const wrong of [null, {}, { lid: '1@s.whatsapp.net', username: 'x' }, { lid: 5, username: 'x' }]) {
      expect([set(wrong), deleted(wrong)]).toEqual([undefined, undefined])
    }
  })

  it('of the own account change', () => {
    const told = (user: unknown) => parseOwnUsernameNotification({ xwa2_notify_wa_user: user })
    expect(told({ username_info: { username: 'ana' } })).toBe('ana')
    expect(told({ username_info: null })).toBe('')
    expect(told(null)).toBeUndefined()
  })
})

describe('small things', () => {
  it('bots are those of the section that holds all', () => {
    const bot = (attrs: Record<string, string>) => ({ tag: 'bot', attrs })
    const section = (type: string, ...content: ReturnType<typeof bot>[]) => ({
      tag: 'section',
      attrs: { type },
      content,
    })
    const all = section('all', bot({ jid: '1@bot', persona_id: 'p' }), bot({ jid: '2@bot' }))
    const content = [section('featured', bot({ jid: '3@bot', persona_id: 'q' })), all]
    expect(parseBotList({ tag: 'iq', attrs: {}, content: [{ tag: 'bot', attrs: { v: '2' }, content }] })).toEqual([
      { jid: '1@bot', personaId: 'p' },
    ])
    expect(parseBotList({ tag: 'iq', attrs: {} })).toEqual([])
  })

  it('a default timer is a number of seconds, or nothing', () => {
    const timer = (attrs: Record<string, string>) => parseDefaultTimer({ tag: 'disappearing_mode', attrs })
    expect(timer({ duration: '86400', t: '5' })).toEqual({ duration: 86_400, setAt: 5 })
    expect(timer({ duration: '0' })).toEqual({ duration: 0, setAt: 0 })
    expect([timer({ duration: '-1' }), timer({ duration: 'x' }), timer({})]).toEqual([undefined, undefined, undefined])
  })
})
