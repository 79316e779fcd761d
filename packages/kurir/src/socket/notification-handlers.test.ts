import { describe, expect, it } from 'vitest'
import { NotificationHandlers } from './notification-handlers.js'

const notification = (type?: string) => ({ tag: 'notification', attrs: type === undefined ? {} : { type } })
const update = (operation: string, json: string) => ({
  tag: 'update',
  attrs: { op_name: operation },
  content: Buffer.from(json),
})

describe('the handlers of notifications', () => {
  it('run by type, in the order of their registration', async () => {
    const handlers = new NotificationHandlers()
    const ran: string[] = []
    handlers.on('picture', async () => void ran.push('first'))
    handlers.on('picture', async () => void ran.push('second'))
    handlers.on('status', async () => void ran.push('other'))
    await handlers.handle(notification('picture'))
    await handlers.handle(notification('unheard of'))
    await handlers.handle(notification())
    expect(ran).toEqual(['first', 'second'])
  })

  it('have their turn when an earlier one fails, and the failure is told', async () => {
    const handlers = new NotificationHandlers()
    const ran: string[] = []
    handlers.on('picture', async () => {
      throw new Error('the first one')
    })
    handlers.on('picture', async () => void ran.push('second'))
    await expect(handlers.handle(notification('picture'))).rejects.toThrow('the first one')
    expect(ran).toEqual(['second'])
  })

  it('of the type mex run by operation', async () => {
    const handlers = new NotificationHandlers()
    const ran: unknown[] = []
    handlers.onMex('UsernameSetNotification', async (content, { attrs }) => void ran.push(content, attrs['type']))
    handlers.onMex('Other', async () => void ran.push('other'))
    const content = [update('UsernameSetNotification', '{"data":{"a":1}}'), update('UsernameSetNotification', '{')]
    await handlers.handle({ ...notification('mex'), content })
    expect(ran).toEqual([{ a: 1 }, 'mex'])
  })
})
