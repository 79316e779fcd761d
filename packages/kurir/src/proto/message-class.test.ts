import { describe, expect, expectTypeOf, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import { type Integer64, Long, proto } from './index.js'

describe('message classes', () => {
  it('are made once, under their name, nested as in the schema', () => {
    expect(proto.Message.ImageMessage).toBe(proto.Message.ImageMessage)
    expect(proto.Message.ImageMessage.name).toBe('ImageMessage')
    expect(proto.Message.create()).toBeInstanceOf(proto.Message)
    expect(Object.keys(proto)).toContain('Message')
    expect(Object.keys(proto.Message)).toContain('ImageMessage')
  })

  it('read absent members as null from the prototype, lists as own empty arrays', () => {
    const image = new proto.Message.ImageMessage()
    expect(image.caption).toBeNull()
    expect(Object.keys(image)).toEqual(['interactiveAnnotations', 'scanLengths', 'annotations'])
    expect(image.scanLengths).toEqual([])
    expect(image.scanLengths).not.toBe(new proto.Message.ImageMessage().scanLengths)
    expect(Object.keys(proto.Message.create({ conversation: null, imageMessage: undefined }))).toEqual([])
    expect(new proto.Message(null)).toEqual(proto.Message.create())
  })

  it('have static methods that do not need their class', () => {
    const { create, decode, encode, fromObject, toObject, verify } = proto.MessageKey
    const bytes = encode(create({ id: 'a' })).finish()
    expect([bytes].map(part => decode(part))[0]?.id).toBe('a')
    expect(toObject(fromObject({ id: 1 }))).toEqual({ id: '1' })
    expect(verify({ id: 'a' })).toBeNull()
  })

  it('name their type', () => {
    expect(proto.Message.ImageMessage.getTypeUrl()).toBe('type.googleapis.com/proto.Message.ImageMessage')
    expect(proto.MessageKey.getTypeUrl('x')).toBe('x/proto.MessageKey')
  })

  it('let oneofs be read and written', () => {
    const attribution = proto.StatusAttribution.create({ music: {}, groupStatus: {} })
    expect(attribution.attributionData).toBe('groupStatus')
    attribution.attributionData = 'music'
    expect(Object.keys(attribution)).toEqual(['music'])
    expect(proto.StatusAttribution.create().attributionData).toBeUndefined()
  })

  it('may be replaced and extended by programs', () => {
    const before = proto.MessageKey
    const namespace = proto as { MessageKey: unknown }
    namespace.MessageKey = 'other'
    expect(proto.MessageKey).toBe('other')
    namespace.MessageKey = before
  })

  it('have enums with both directions, of which keys are only the names', () => {
    const { Type } = proto.Message.ProtocolMessage
    expect(Type.REVOKE).toBe(0)
    expect(Type[14]).toBe('MESSAGE_EDIT')
    expect(Object.keys(Type)).toContain('MESSAGE_EDIT')
    expect(Object.keys(Type)).not.toContain('14')
  })

  it('have types in the shape of the JavaScript', () => {
    expectTypeOf<proto.IMessage['conversation']>().toEqualTypeOf<string | null | undefined>()
    expectTypeOf<proto.IMessage['imageMessage']>().toEqualTypeOf<proto.Message.IImageMessage | null | undefined>()
    expectTypeOf<proto.IWebMessageInfo['messageTimestamp']>().toEqualTypeOf<number | Integer64 | null | undefined>()
    expectTypeOf(proto.Message.create().messageContextInfo).toEqualTypeOf<
      proto.IMessageContextInfo | null | undefined
    >()
    expectTypeOf(proto.ADVKeyIndexList.create().validIndexes).toEqualTypeOf<number[]>()
    expectTypeOf(proto.Message.ProtocolMessage.Type.REVOKE).toExtend<proto.Message.ProtocolMessage.Type>()
    expectTypeOf(proto.Message.decode).returns.toEqualTypeOf<proto.Message>()
    expectTypeOf<proto.Message>().toExtend<proto.IMessage>()
  })
})

describe('fromObject', () => {
  it('converts what JSON cannot hold and drops unknown members', () => {
    const message = proto.WebMessageInfo.fromObject({
      key: { id: 7, fromMe: 1, extra: 'x' },
      messageTimestamp: '1720000000',
      status: 'READ',
      messageStubType: 'UNHEARD_OF',
      messageSecret: 'AQID',
      labels: ['a', 5],
      unknown: true,
    })
    expect(message).toBeInstanceOf(proto.WebMessageInfo)
    expect(message.key).toBeInstanceOf(proto.MessageKey)
    expect(proto.WebMessageInfo.toObject(message)).toEqual({
      key: { fromMe: true, id: '7' },
      messageTimestamp: new Long(1_720_000_000, 0, true),
      status: 4,
      messageSecret: Buffer.from([1, 2, 3]),
      labels: ['a', '5'],
    })
  })

  it('gives members in the order of their fields', () => {
    const message = proto.Message.fromObject({ messageContextInfo: {}, imageMessage: {}, conversation: 'a' })
    expect(Object.keys(message)).toEqual(['conversation', 'imageMessage', 'messageContextInfo'])
  })

  it('returns an instance as it is', () => {
    const key = proto.MessageKey.create({ id: 'a' })
    expect(proto.MessageKey.fromObject(key)).toBe(key)
    expect(proto.WebMessageInfo.fromObject({ key }).key).toBe(key)
  })

  it('takes the members of other classes, getters too', () => {
    class Key {
      get id(): string {
        return 'from a getter'
      }
    }
    expect(proto.MessageKey.fromObject(new Key()).id).toBe('from a getter')
    expect(proto.MessageKey.fromObject(Object.assign(Object.create(null), { id: 'a' })).id).toBe('a')
  })

  it('keeps the length of lists with unknown names of enum values', () => {
    const { capabilities } = proto.BotCapabilityMetadata.fromObject({ capabilities: ['NO_SUCH', 2] })
    expect(capabilities).toEqual([0, 2])
  })

  it.each([
    ['text in place of a message', () => proto.WebMessageInfo.fromObject({ key: 'x' }), 'WebMessageInfo.key'],
    ['an object in place of a list', () => proto.WebMessageInfo.fromObject({ labels: {} }), 'WebMessageInfo.labels'],
    ['null in a list of messages', () => proto.WebMessageInfo.fromObject({ userReceipt: [null] }), 'UserReceipt'],
    ['text in place of a map', () => proto.Config.fromObject({ field: 'x' }), 'Config.field'],
    [
      'a word in place of a 64-bit integer',
      () => proto.WebMessageInfo.fromObject({ messageTimestamp: 'now' }),
      'messageTimestamp',
    ],
    ['null', () => proto.Message.fromObject(null as never), 'Message'],
  ])('refuses %s', (_, work, place) => {
    expect(work).toThrow(KurirError)
    expect(work).toThrow(place)
  })

  it('refuses an object that contains itself', () => {
    const loop: proto.IMessage = {}
    loop.ephemeralMessage = { message: loop }
    expect(() => proto.Message.fromObject(loop)).toThrow('100 levels')
  })

  it('takes no prototype from the input', () => {
    const polluted = JSON.parse('{"field":{"__proto__":{"minVersion":1},"1":{"minVersion":2}}}') as object
    const { field } = proto.Config.fromObject(polluted)
    expect(Object.keys(field)).toEqual(['1'])
    expect(Object.getPrototypeOf(field)).toBe(Object.prototype)
  })
})

describe('toObject and toJSON', () => {
  const message = proto.WebMessageInfo.create({
    key: { id: 'a' },
    messageTimestamp: new Long(-1, -1, true),
    status: 4,
    messageSecret: Buffer.from([255, 254]),
    userReceipt: [{ userJid: 'x', readTimestamp: 5 }],
  })

  it('render as JSON does in Baileys', () => {
    expect(JSON.stringify(message)).toBe(
      '{"key":{"id":"a"},"messageTimestamp":"18446744073709551615","status":"READ",' +
        '"userReceipt":[{"userJid":"x","readTimestamp":"5"}],"messageSecret":"//4="}',
    )
    expect(JSON.stringify({ ...message })).toContain('"messageTimestamp":"18446744073709551615"')
  })

  it('follow the options', () => {
    const { toObject } = proto.WebMessageInfo
    expect(toObject(message).messageTimestamp).toBe(message.messageTimestamp)
    expect(toObject(message, { longs: BigInt }).messageTimestamp).toBe(2n ** 64n - 1n)
    expect(toObject(message, { longs: Number }).messageTimestamp).toBe(2 ** 64)
    expect(toObject(message, { bytes: Array }).messageSecret).toEqual([255, 254])
    expect(proto.UserReceipt.toObject({}, { defaults: true })).toEqual({
      userJid: '',
      pendingDeviceJid: [],
      deliveredDeviceJid: [],
    })
    expect(proto.ADVKeyIndexList.toObject({}, { arrays: true })).toEqual({ validIndexes: [] })
    expect(proto.Config.toObject({}, { objects: true })).toEqual({ field: {} })
    expect(proto.MessageKey.toObject({ id: 'a' }, { oneofs: true })).toEqual({ id: 'a', _id: 'id' })
    expect(proto.StatusAttribution.toObject({ music: {} }, { oneofs: true }).attributionData).toBe('music')
    const location = { degreesLatitude: Number.NaN }
    expect(proto.Message.LocationMessage.toObject(location, { json: true })).toEqual({ degreesLatitude: 'NaN' })
  })

  it('leave the message alone', () => {
    const list = proto.ADVKeyIndexList.create({ validIndexes: [1] })
    const object = proto.ADVKeyIndexList.toObject(list)
    expect(object.validIndexes).not.toBe(list.validIndexes)
  })
})

describe('verify', () => {
  it.each([
    [{ conversation: 5 }, 'conversation: string expected'],
    [{ imageMessage: { caption: 5 } }, 'imageMessage.caption: string expected'],
    [{ imageMessage: 5 }, 'imageMessage: object expected'],
    [{ imageMessage: { height: 1.5 } }, 'imageMessage.height: integer expected'],
    [{ imageMessage: { fileLength: 'x' } }, 'imageMessage.fileLength: integer or Long expected'],
    [{ imageMessage: { viewOnce: 1 } }, 'imageMessage.viewOnce: boolean expected'],
    [{ imageMessage: { mediaKey: 1 } }, 'imageMessage.mediaKey: buffer expected'],
    [{ imageMessage: { scanLengths: 1 } }, 'imageMessage.scanLengths: array expected'],
    [{ locationMessage: { degreesLatitude: 'x' } }, 'locationMessage.degreesLatitude: number expected'],
    [{ protocolMessage: { type: 'REVOKE' } }, 'protocolMessage.type: enum value expected'],
  ])('names the member that does not fit: %j', (message, problem) => {
    expect(proto.Message.verify(message)).toBe(problem)
  })

  it('accepts what encode accepts', () => {
    expect(proto.Message.verify({ imageMessage: { fileLength: 5n, mediaKey: 'AQID', scanLengths: [1] } })).toBeNull()
    expect(
      proto.WebMessageInfo.verify({ messageTimestamp: '5', status: 4, userReceipt: [{ userJid: 'x' }] }),
    ).toBeNull()
    expect(proto.Message.verify(null as never)).toBe('object expected')
  })
})
