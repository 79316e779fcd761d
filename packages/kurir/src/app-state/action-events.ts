import { type IntegerLike, toNumber } from '../proto/integer.js'
import type { ActionContext, ActionRule, AppStateEvent } from './action-rule.js'
import { decodeAction } from './actions.js'
import { chatEvents } from './chat-events.js'
import { contactEvents } from './contact-events.js'
import type { AppStateMutation } from './mutation.js'
import { settingEvents } from './setting-events.js'

const rules: readonly ActionRule[] = [chatEvents, contactEvents, settingEvents]

/**
 * What a program hears of a mutation (docs/protocol/04, 2.6 to 2.9): the event that Baileys has for it, or
 * `app-state.action`. A removal is told as what it means: no name, no mark, no label. Empty when nothing changes.
 *
 * Events of credentials must have been applied before the next mutation is turned into events.
 */
export function actionEvents(mutation: AppStateMutation, context: ActionContext): readonly AppStateEvent[] {
  for (const rule of rules) {
    const events = rule(mutation, context)
    if (events !== undefined) return events
  }
  return [ownEvent(mutation, context)]
}

function ownEvent(mutation: AppStateMutation, { initial }: ActionContext): AppStateEvent {
  const { collection, operation, value } = mutation
  const timestamp = timestampOf(value?.timestamp)
  const update = { collection, operation, action: decodeAction(mutation), ...timestamp, initial }
  return { event: 'app-state.action', data: [update] }
}

function timestampOf(milliseconds: IntegerLike): { readonly timestamp?: number } {
  return milliseconds === null || milliseconds === undefined ? {} : { timestamp: toNumber(milliseconds) }
}
