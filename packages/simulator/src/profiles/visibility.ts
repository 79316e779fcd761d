import type { Account } from '../accounts/account.js'

/** What others may see or do: the names of the privacy settings (docs/protocol/04 §5.1). */
export type PrivacyCategory = 'last' | 'online' | 'profile' | 'status' | 'readreceipts' | 'groupadd' | 'calladd'

/** Values that the service takes, by category. */
export const PRIVACY_VALUES: Readonly<Record<string, readonly string[]>> = {
  last: ['all', 'contacts', 'contact_blacklist', 'none'],
  online: ['all', 'match_last_seen'],
  profile: ['all', 'contacts', 'contact_blacklist', 'none'],
  status: ['all', 'contacts', 'contact_blacklist', 'none'],
  readreceipts: ['all', 'none'],
  groupadd: ['all', 'contacts', 'contact_blacklist', 'none'],
  calladd: ['all', 'known', 'contacts'],
  messages: ['all', 'contacts'],
  defense: ['off', 'on_standard'],
}

/** Settings that know exceptions. */
export const EXCEPTION_CATEGORIES: ReadonlySet<string> = new Set(['last', 'profile', 'status', 'groupadd'])

/** People that the account has saved, and those to whom it has given a token of trust. */
export const isContactOf = (owner: Account, other: Account): boolean =>
  owner.contacts.has(other) || owner.issuedTokens.has(other)

/** Whether an account lets somebody do what a setting is about. Who is blocked may do nothing. */
export const lets = (owner: Account, other: Account, category: PrivacyCategory): boolean => {
  if (owner === other) return true
  if (owner.blocked.has(other)) return false
  switch (owner.privacy.get(category)) {
    case 'none':
      return false
    case 'contacts':
    case 'known':
      return isContactOf(owner, other)
    case 'contact_blacklist':
      return isContactOf(owner, other) && owner.exceptions.get(category)?.users.has(other) !== true
    case 'match_last_seen':
      return showsLastSeen(owner, other)
    default:
      return true
  }
}

/** Who hides when they were there does not see it of others. */
export const showsLastSeen = (owner: Account, viewer: Account): boolean =>
  lets(owner, viewer, 'last') && lets(viewer, owner, 'last')
