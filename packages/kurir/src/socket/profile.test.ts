import { describe, expect, it } from 'vitest'
import { childNodes, contentString } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { ContactTokens } from './contact-tokens.js'
import { Profile } from './profile.js'
import { NOW, testCore } from './testing/collaborator-core.js'

const ME = { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' }
const BOB = '15550002222@s.whatsapp.net'

const mexAnswer = (answer: object): BinaryNode => ({
  tag: 'iq',
  attrs: { type: 'result' },
  content: [{ tag: 'result', attrs: {}, content: JSON.stringify(answer) }],
})
const refusal = (code: string): BinaryNode => ({
  tag: 'iq',
  attrs: { type: 'error' },
  content: [{ tag: 'error', attrs: { code, text: 'no' } }],
})

function profileWith(answer: BinaryNode) {
  const core = testCore({ creds: { me: ME }, answer: () => answer })
  return { core, profile: new Profile(core, new ContactTokens(core)) }
}

describe('Profile', () => {
  it('sets a text status with its document (docs/protocol/04, 4.2)', async () => {
    const { core, profile } = profileWith(mexAnswer({ data: { xwa2_update_text_status: { result: 'SUCCESS' } } }))
    await profile.members.updateTextStatus({ text: 'away', emoji: '🌴', duration: 60 })
    const [query] = childNodes(core.sent[0])
    expect(query?.attrs).toEqual({ query_id: '9152604461510864' })
    expect(JSON.parse(contentString(query) ?? '')).toEqual({
      variables: { input: { text: 'away', emoji: { content: '🌴' }, ephemeral_duration_sec: 60 } },
    })
  })

  it('tells the own username, or that there is none', async () => {
    const info = { username: 'me', pin: '1234', state: 'ACTIVE' }
    const { profile } = profileWith(mexAnswer({ data: { xwa2_username_get: { username_info: info } } }))
    expect(await profile.fetchOwnUsername()).toEqual({ username: 'me', key: '1234' })
    const none = profileWith(mexAnswer({ data: { xwa2_username_get: null } }))
    expect(await none.profile.fetchOwnUsername()).toBeUndefined()
    const notFound = profileWith(mexAnswer({ errors: [{ extensions: { error_code: 404 } }], data: null }))
    expect(await notFound.profile.fetchOwnUsername()).toBeUndefined()
  })

  it('rejects what the service refuses', async () => {
    const mex = profileWith(mexAnswer({ errors: [{ message: 'no', extensions: { error_code: 403 } }], data: null }))
    await expect(mex.profile.members.updateTextStatus({})).rejects.toMatchObject({ code: 'mex-refused' })
    await expect(mex.profile.fetchOwnUsername()).rejects.toMatchObject({ output: { statusCode: 403 } })
    const { profile } = profileWith(refusal('503'))
    await expect(profile.members.getBotListV2()).rejects.toMatchObject({ data: 503 })
    await expect(profile.members.updateProfileStatus('x')).rejects.toMatchObject({ data: 503 })
    await expect(profile.members.removeProfilePicture(ME.id)).rejects.toMatchObject({ data: 503 })
  })

  it('shows no token for a picture when the service has switched that off', async () => {
    const { core, profile } = profileWith({ tag: 'iq', attrs: { type: 'result' } })
    await core.keys.set({ tctoken: { [BOB]: { token: Buffer.of(1), timestamp: String(NOW) } } })
    await profile.members.profilePictureUrl(BOB)
    core.serverProps.profilePicPrivacyToken = false
    await profile.members.profilePictureUrl(BOB)
    expect(core.sent.map(node => childNodes(childNodes(node)[0]).length)).toEqual([1, 0])
  })
})
