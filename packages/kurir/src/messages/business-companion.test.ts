import { expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { businessCompanionOf } from './business-companion.js'
import { readFixture } from './testing/fixtures.js'

interface Case {
  name: string
  messageProtoHex: string
  stanza?: { bizAddon: string | null }
}
const { cases } = readFixture<{ cases: Case[] }>('vectors/03-messages-extra.json')

it.each(cases.filter(({ stanza }) => stanza !== undefined))('$name has the companion it needs', each => {
  const message = proto.Message.decode(Buffer.from(each.messageProtoHex, 'hex'))
  const [child] = [businessCompanionOf(message)?.content].flat()
  expect(typeof child === 'object' && 'tag' in child ? child.tag : null).toBe(each.stanza?.bizAddon)
})

it('native flows are named by their first button (docs/protocol/03, 2.10)', () => {
  const flowOf = (name: string) =>
    businessCompanionOf({ interactiveMessage: { nativeFlowMessage: { buttons: [{ name }] } } })
  expect(JSON.stringify(flowOf('quick_reply'))).toContain('"name":"mixed","v":"9"')
  expect(JSON.stringify(flowOf('review_and_pay'))).toContain('"attrs":{"name":"order_details"}')
})
