import type { NewsletterService } from '../../newsletters/newsletter-service.js'
import { IqFailure, type IqHandler } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { element } from '../stanzas.js'

/** Lists of posts, and live updates (docs/protocol/03 §2.14). */
export const newsletterHandlers = (
  core: ServiceCore,
  newsletters: NewsletterService,
): Readonly<Record<string, IqHandler>> => ({
  'newsletter get messages': ({ device, child }) => {
    const { type, jid, key, count = '1', before, after } = child?.attrs ?? {}
    const newsletter = type === 'invite' ? newsletters.findByInvite(key) : newsletters.find(jid)
    if (newsletter === undefined) return new IqFailure(404, 'item-not-found')
    const range = { count: Number(count), ...numbers({ before, after }) }
    const posts = newsletters.posts(newsletter, device.account, range)
    return [element('messages', { jid: newsletter.jid, t: core.time() }, posts)]
  },
  'newsletter get message_updates': ({ device, node, child }) => {
    const newsletter = newsletters.find(node.attrs['to'])
    if (newsletter === undefined) return new IqFailure(404, 'item-not-found')
    const { count = '1', before, after, since } = child?.attrs ?? {}
    const range = { count: Number(count), ...numbers({ before, after }), since: Number(since ?? 0) }
    const posts = newsletters.posts(newsletter, device.account, range)
    const { jid } = newsletter
    return [element('message_updates', {}, [element('messages', { jid, t: core.time() }, posts)])]
  },
  'newsletter set live_updates': ({ device, node }) => {
    const newsletter = newsletters.find(node.attrs['to'])
    if (newsletter === undefined) return new IqFailure(404, 'item-not-found')
    return [element('live_updates', { duration: String(newsletters.listen(device, newsletter.jid)) })]
  },
})

const numbers = (range: {
  before: string | undefined
  after: string | undefined
}): { before?: number; after?: number } => ({
  ...(range.before === undefined ? {} : { before: Number(range.before) }),
  ...(range.after === undefined ? {} : { after: Number(range.after) }),
})
