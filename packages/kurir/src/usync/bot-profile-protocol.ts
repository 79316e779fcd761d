import {
  assertNodeErrorFree,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  getBinaryNodeChildString,
} from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { invalidResult, type USyncQueryProtocol } from './protocol.js'
import type { USyncUser } from './user.js'

export interface BotProfileCommand {
  name: string
  description: string
}

export interface BotProfileInfo {
  name: string
  attributes: string
  description: string
  category: string
  isDefault: boolean
  /** Suggested openings: emoji, space, text. */
  prompts: string[]
  personaId: string
  commands: BotProfileCommand[]
  commandsDescription: string
}

/** `bot`: how a bot presents itself. The bot's JID is the `id` of the result entry. */
export class USyncBotProfileProtocol implements USyncQueryProtocol {
  readonly name = 'bot'

  getQueryElement(): BinaryNode {
    return { tag: 'bot', attrs: {}, content: [{ tag: 'profile', attrs: { v: '1' } }] }
  }

  getUserElement(user: USyncUser): BinaryNode {
    const attrs: BinaryNode['attrs'] = user.personaId ? { persona_id: user.personaId } : {}
    return { tag: 'bot', attrs: {}, content: [{ tag: 'profile', attrs }] }
  }

  /** Texts that the server leaves out are ''. */
  parser(node: BinaryNode): BotProfileInfo {
    assertNodeErrorFree(node)
    const profile = getBinaryNodeChild(node, 'profile')
    if (profile === undefined) throw invalidResult('a bot without profile', node)
    const commands = getBinaryNodeChild(profile, 'commands')
    const prompts = getBinaryNodeChildren(getBinaryNodeChild(profile, 'prompts'), 'prompt')
    return {
      isDefault: getBinaryNodeChild(profile, 'default') !== undefined,
      name: text(profile, 'name'),
      attributes: text(profile, 'attributes'),
      description: text(profile, 'description'),
      category: text(profile, 'category'),
      personaId: profile.attrs['persona_id'] ?? '',
      commandsDescription: text(commands, 'description'),
      commands: getBinaryNodeChildren(commands, 'command').map(command => ({
        name: text(command, 'name'),
        description: text(command, 'description'),
      })),
      prompts: prompts.map(prompt => `${text(prompt, 'emoji')} ${text(prompt, 'text')}`.trim()),
    }
  }
}

function text(node: BinaryNode | undefined, tag: string): string {
  return getBinaryNodeChildString(node, tag) ?? ''
}
