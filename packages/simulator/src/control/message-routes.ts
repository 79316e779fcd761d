import { proto } from 'kurir/proto'
import type { Phone } from '../phone/phone.js'
import type { PhoneContent, PhoneSendOptions } from '../phone/phone-content.js'
import type { PhoneMessage } from '../phone/phone-messages.js'
import type { Simulator } from '../simulator.js'
import { type ControlRequest, oneOf, optionalNumber, type Route, record, route, text, texts } from './route.js'

type Body = ControlRequest['body']

const LONGEST_WAIT_MS = 60_000
const MEDIA = ['image', 'video', 'gif', 'ptv', 'audio', 'ptt', 'document', 'sticker'] as const

/** What phones write and read, by HTTP. */
export const messageRoutes = (simulator: Simulator): readonly Route[] => {
  const phone = ({ parameters }: ControlRequest): Phone => simulator.findPhone(parameters[0] ?? '')
  return [
    route('GET', '/phones/:/messages', request => listMessages(phone(request), request.query)),
    route('POST', '/phones/:/messages', async request => {
      const { body } = request
      return { id: await phone(request).send(text(body['to'], 'to'), contentOf(body), optionsOf(body)) }
    }),
    route('POST', '/phones/:/messages/:/:', async request => {
      const [, id = '', action = ''] = request.parameters
      return { id: await act(phone(request), id, action, request.body) }
    }),
    route('GET', '/phones/:/messages/:/file', async request => {
      const { message } = await phone(request).waitForMessage(({ id }) => id === request.parameters[1], 0)
      return { base64: (await phone(request).download(message)).toString('base64') }
    }),
    route('POST', '/phones/:/read', ({ body, ...request }) =>
      phone({ body, ...request }).read(text(body['id'], 'id'), oneOf(body['type'] ?? 'read', READING, 'type')),
    ),
    route('POST', '/phones/:/newsletters', request => ({
      newsletter: phone(request).createNewsletter(text(request.body['name'], 'name')),
    })),
    route('POST', '/phones/:/follow', request =>
      phone(request).followNewsletter(text(request.body['newsletter'], 'newsletter')),
    ),
    route('POST', '/phones/:/calls', async request => {
      const { to, video } = request.body
      return { callId: await phone(request).call(text(to, 'to'), { video: video === true }) }
    }),
    route('POST', '/phones/:/calls/:/:', request => {
      const [, callId = '', answer] = request.parameters
      phone(request).answerCall(callId, oneOf(answer, ['accept', 'reject', 'terminate'], 'answer'))
    }),
    route('POST', '/phones/:/history', request =>
      phone(request).sendHistory(text(request.body['device'], 'device'), request.body['full'] === true),
    ),
    route('POST', '/phones/:/media-retry', request => {
      phone(request).mediaRetry.answer = oneOf(request.body['answer'], RETRY_ANSWERS, 'answer')
    }),
    route('POST', '/phones/:/peer-answers', request => {
      phone(request).peer.answers = request.body['on'] !== false
    }),
    route('POST', '/phones/:/type', ({ body, ...request }) =>
      phone({ body, ...request }).type(text(body['to'], 'to'), oneOf(body['state'], TYPING, 'state')),
    ),
  ]
}

const READING = ['read', 'read-self', 'played'] as const
const RETRY_ANSWERS = ['upload', 'not-found', 'decryption-error', 'general-error', 'nothing'] as const
const TYPING = ['composing', 'recording', 'paused'] as const

const contentOf = (body: Body): PhoneContent => {
  if (body['poll'] !== undefined) {
    const { name, options, selectable } = record(body['poll'], 'poll')
    const count = optionalNumber(selectable, 'selectable')
    return {
      poll: {
        name: text(name, 'name'),
        options: texts(options, 'options'),
        ...(count === undefined ? {} : { selectable: count }),
      },
    }
  }
  if (body['event'] !== undefined) {
    return { event: proto.Message.EventMessage.fromObject(record(body['event'], 'event')) }
  }
  if (body['message'] !== undefined) return { message: proto.Message.fromObject(record(body['message'], 'message')) }
  if (body['media'] === undefined) return { text: text(body['text'], 'text') }
  return {
    media: oneOf(body['media'], MEDIA, 'media'),
    file: Buffer.from(text(body['base64'], 'base64'), 'base64'),
    ...(body['caption'] === undefined ? {} : { caption: text(body['caption'], 'caption') }),
    ...(body['viewOnce'] === true ? { viewOnce: true } : {}),
    ...(body['fields'] === undefined ? {} : { fields: record(body['fields'], 'fields') }),
  }
}

const optionsOf = (body: Body): PhoneSendOptions => {
  const expiration = optionalNumber(body['expiration'], 'expiration')
  return {
    ...(body['id'] === undefined ? {} : { id: text(body['id'], 'id') }),
    ...(body['quoted'] === undefined ? {} : { quoted: text(body['quoted'], 'quoted') }),
    ...(body['mentions'] === undefined ? {} : { mentions: texts(body['mentions'], 'mentions') }),
    ...(expiration === undefined ? {} : { expiration }),
    ...(body['audience'] === undefined ? {} : { audience: texts(body['audience'], 'audience') }),
  }
}

const ACTIONS = ['react', 'edit', 'revoke', 'vote', 'respond', 'pin'] as const

const act = async (phone: Phone, id: string, name: string, body: Body): Promise<string> => {
  switch (oneOf(name, ACTIONS, 'action')) {
    case 'react':
      return await phone.react(id, typeof body['emoji'] === 'string' ? body['emoji'] : '')
    case 'edit':
      return await phone.edit(id, text(body['text'], 'text'))
    case 'revoke':
      return await phone.revoke(id)
    case 'vote':
      return await phone.vote(id, texts(body['options'], 'options'))
    case 'respond': {
      const answer = oneOf(body['answer'], ['GOING', 'NOT_GOING', 'MAYBE'], 'answer')
      return await phone.respondToEvent(id, answer, optionalNumber(body['guests'], 'guests'))
    }
    case 'pin':
      return await phone.pin(id, optionalNumber(body['seconds'], 'seconds'))
  }
}

/** Messages from index `after` on; with `wait`, answers as soon as there is one, at most so many milliseconds later. */
const listMessages = async (phone: Phone, query: URLSearchParams) => {
  const after = Math.max(0, Number(query.get('after') ?? 0) || 0)
  const wait = Math.min(LONGEST_WAIT_MS, Number(query.get('wait') ?? 0) || 0)
  if (phone.messages.length <= after && wait > 0) await nextMessage(phone, wait)
  const messages = phone.messages.slice(after).map(describeMessage)
  return { messages, next: after + messages.length }
}

const nextMessage = (phone: Phone, timeoutMs: number): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(done, timeoutMs)
    const stop = phone.onMessage(done)
  })

/** Bytes inside the protobuf are written in base64. */
const describeMessage = ({ message, ...rest }: PhoneMessage) => ({
  ...rest,
  message: proto.Message.fromObject(message).toJSON(),
})
