import { describe, expect, it } from 'vitest'
import { buildPrivacyChange, parsePrivacyChange, parsePrivacySettings } from './privacy-settings.js'

const category = (name?: string, value?: string) => ({
  tag: 'category',
  attrs: { ...(name !== undefined && { name }), ...(value !== undefined && { value }) },
})
const privacy = (...content: ReturnType<typeof category>[]) => ({ tag: 'privacy', attrs: {}, content })

describe('privacy settings (docs/protocol/04, 5.1)', () => {
  it('are read with categories that we do not know, without values that the service could not tell', () => {
    const told = privacy(category('last', 'none'), category('new', 'x'), category('profile', 'error'), category('a'))
    expect(parsePrivacySettings({ tag: 'iq', attrs: {}, content: [told] })).toEqual({ last: 'none', new: 'x' })
    expect(parsePrivacySettings({ tag: 'iq', attrs: {} })).toEqual({})
  })

  it('are not tricked by names of members that every object has', () => {
    const told = privacy(category('__proto__', 'x'), category('constructor', 'y'))
    const settings = parsePrivacySettings({ tag: 'iq', attrs: {}, content: [told] })
    expect(Object.keys(settings).sort()).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(settings)).toBe(Object.prototype)
  })

  it('change one at a time', () => {
    expect(buildPrivacyChange('online', 'match_last_seen').content).toEqual([
      privacy(category('online', 'match_last_seen')),
    ])
  })

  it('of a notification are what has changed, or nothing when they are to be asked for', () => {
    expect(parsePrivacyChange(privacy(category('last', 'all')))).toEqual({ last: 'all' })
    expect(parsePrivacyChange(privacy())).toBeUndefined()
    expect(parsePrivacyChange({ tag: 'privacy', attrs: { action: 'modify' } })).toBeUndefined()
  })
})
