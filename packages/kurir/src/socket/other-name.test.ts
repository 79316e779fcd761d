import { describe, expect, it } from 'vitest'
import { otherNameOf } from './other-name.js'
import { testCore } from './testing/collaborator-core.js'

describe('the other name of a user', () => {
  const pn = '15550002222@s.whatsapp.net'
  const lid = '100000000000002@lid'

  it('is the LID of a number and the number of a LID', async () => {
    const core = testCore()
    await core.repository.lidMapping.storeLIDPNMappings([{ pn, lid }])
    expect(await otherNameOf(core, pn)).toBe(lid)
    expect(await otherNameOf(core, lid)).toBe(pn)
  })

  it('is unknown for strangers, and for what is no user', async () => {
    const core = testCore()
    for (const jid of [pn, lid, '120363000000000001@g.us', 'status@broadcast', '']) {
      expect(await otherNameOf(core, jid)).toBeUndefined()
    }
  })
})
