import type { GroupMetadata } from '../groups/group-types.js'
import type { ChatsSocket } from './chats-layer.js'
import { extendSocket, type Layer } from './core.js'
import { GroupDirectory } from './group-directory.js'

export interface GroupsMembers {
  /** Who is in a group and how it is set up, fresh from the server. */
  groupMetadata(jid: string): Promise<GroupMetadata>
}

export type GroupsSocket = ChatsSocket & GroupsMembers

export function makeGroupsLayer({
  core,
  socket,
}: Layer<ChatsSocket>): Layer<GroupsSocket> & { readonly groups: GroupDirectory } {
  const groups = new GroupDirectory(core)
  core.hooks.groupMetadata = async jid => {
    try {
      return await groups.metadata(jid, true)
    } catch (error) {
      core.logger.warn({ err: error, jid }, 'the members of a group are not known')
      return undefined
    }
  }
  const members: GroupsMembers = { groupMetadata: jid => groups.fetch(jid) }
  return { core, socket: extendSocket(socket, members), groups }
}
