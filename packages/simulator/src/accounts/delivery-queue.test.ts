import { describe, expect, it } from 'vitest'
import { element } from '../router/stanzas.js'
import { DeliveryQueue } from './delivery-queue.js'

const receipt = (from: string, type?: string) => element('receipt', { id: 'A1', from, type })

describe('delivery queue', () => {
  it('gives back what is unconfirmed in the order of delivery', () => {
    const queue = new DeliveryQueue()
    for (const id of ['b', 'a', 'c']) queue.add(element('message', { id, from: '1@lid' }))
    queue.confirm({ class: 'message', id: 'a', from: '1@lid' })
    expect(queue.pending().map(({ attrs }) => attrs['id'])).toEqual(['b', 'c'])
    expect(queue.size).toBe(2)
  })

  it('tells receipts of one message apart by sender and type', () => {
    const queue = new DeliveryQueue()
    queue.add(receipt('1@lid'))
    queue.add(receipt('1:4@lid'))
    queue.add(receipt('1@lid', 'read'))
    expect(queue.confirm({ class: 'receipt', id: 'A1', from: '1@lid', type: 'read' })).toEqual(receipt('1@lid', 'read'))
    expect(queue.confirm({ class: 'receipt', id: 'A1', from: '1:4@lid' })).toEqual(receipt('1:4@lid'))
    expect(queue.pending()).toEqual([receipt('1@lid')])
  })

  it('takes nothing else out for an answer that is repeated', () => {
    const queue = new DeliveryQueue()
    queue.add(receipt('1@lid'))
    queue.add(receipt('1:4@lid'))
    const answer = { class: 'receipt', id: 'A1', from: '1@lid' }
    expect(queue.confirm(answer)).toEqual(receipt('1@lid'))
    expect(queue.confirm(answer)).toBeUndefined()
    expect(queue.pending()).toEqual([receipt('1:4@lid')])
  })

  it('takes a message and its repetition out one by one', () => {
    const queue = new DeliveryQueue()
    const message = element('message', { id: 'B1', from: '1@lid', type: 'text' })
    queue.add(message)
    queue.add(message)
    const answer = { class: 'message', id: 'B1', from: '1@lid' }
    expect([queue.confirm(answer), queue.confirm(answer), queue.confirm(answer)]).toEqual([message, message, undefined])
  })

  it('does not take a confirmation of another class or id', () => {
    const queue = new DeliveryQueue()
    queue.add(receipt('1@lid'))
    expect(queue.confirm({ class: 'message', id: 'A1' })).toBeUndefined()
    expect(queue.confirm({ class: 'receipt', id: 'A2' })).toBeUndefined()
    expect(queue.size).toBe(1)
  })
})
