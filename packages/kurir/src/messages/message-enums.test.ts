import * as baileys from 'baileys'
import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { WAMessageStatus, WAMessageStubType } from './message-enums.js'

describe.each([
  ['WAMessageStatus', WAMessageStatus, proto.WebMessageInfo.Status, baileys.WAMessageStatus],
  ['WAMessageStubType', WAMessageStubType, proto.WebMessageInfo.StubType, baileys.WAMessageStubType],
])('%s', (_, deferred, direct, ofBaileys) => {
  it('is the enum of the protobuf schema in every way a program reads it', () => {
    expect(Object.entries(deferred)).toEqual(Object.entries(direct))
    expect({ ...deferred }).toEqual({ ...direct })
    expect(JSON.stringify(deferred)).toBe(JSON.stringify(direct))
    for (const [name, value] of Object.entries(direct)) {
      expect(name in deferred).toBe(true)
      expect(Reflect.get(deferred, name)).toBe(value)
      expect(Reflect.get(deferred, value)).toBe(Reflect.get(direct, value))
    }
    expect('NO_SUCH_NAME' in deferred).toBe(false)
  })

  it('has the names of Baileys', () => {
    for (const name of Object.keys(ofBaileys).filter(key => Number.isNaN(Number(key)))) {
      expect(Reflect.get(deferred, name), name).toBe(Reflect.get(ofBaileys, name))
    }
  })
})
