import { createHash, timingSafeEqual } from 'node:crypto'
import { type Verb, verbs } from '@kurir/remote/wire'
import type { ApiKeyRepository } from '@kurir/store'
import { KurirError } from 'kurir/errors'

/** What a token allows: `<session>:<verb>`, `*` for all. Nothing is allowed that is not written. */
export type Scope = string

export interface Access {
  /** Names the key in logs; never the token. */
  readonly id: string
  verbsOn(session: string): readonly Verb[]
}

const scopePattern = /^(\*|[A-Za-z0-9_.-]{1,64}):(\*|[a-z]+)$/

/** @throws KurirError `invalid-scope` (400) */
export function checkScopes(scopes: readonly string[]): void {
  for (const scope of scopes) {
    const [, , verb = ''] = scopePattern.exec(scope) ?? []
    if (verb === '*' || verbs.some(known => known === verb)) continue
    throw new KurirError(
      'invalid-scope',
      `A scope is <session>:<verb>, with * for all; the verbs are ${verbs.join(', ')}. This is none: ${scope}`,
      { statusCode: 400, data: { scope } },
    )
  }
}

function accessOf(id: string, scopes: readonly Scope[]): Access {
  const parsed = scopes.flatMap(scope => {
    const [, session, verb] = scopePattern.exec(scope) ?? []
    return session === undefined || verb === undefined ? [] : [{ session, verb }]
  })
  return {
    id,
    verbsOn: session => {
      const given = parsed.filter(scope => scope.session === '*' || scope.session === session).map(({ verb }) => verb)
      return given.includes('*') ? verbs : verbs.filter(verb => given.includes(verb))
    },
  }
}

/** Who may come in: the token of the configuration, which may do everything, and the keys in the store. */
export class Gatekeeper {
  readonly #keys: Pick<ApiKeyRepository, 'verify'>
  readonly #ownToken: Buffer | undefined

  constructor(keys: Pick<ApiKeyRepository, 'verify'>, ownToken: string | undefined) {
    this.#keys = keys
    this.#ownToken = ownToken === undefined ? undefined : digest(ownToken)
  }

  /** @throws KurirError `unauthorized` (401) */
  async admit(token: string): Promise<Access> {
    if (this.#ownToken !== undefined && timingSafeEqual(digest(token), this.#ownToken))
      return accessOf('configured', ['*:*'])
    const key = token === '' ? undefined : await this.#keys.verify(token)
    if (key !== undefined) return accessOf(key.id, key.scopes)
    throw new KurirError(
      'unauthorized',
      token === ''
        ? 'The gateway needs a token; give the one that it printed at its first start as KURIR_TOKEN'
        : 'The gateway does not know this token: it is mistyped, expired or revoked',
      { statusCode: 401 },
    )
  }
}

/** Of the same length whatever the token is, so that comparing them takes the same time. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** @throws KurirError `forbidden` (403) */
export function demand(allowed: readonly Verb[], verb: Verb, what: string): void {
  if (allowed.includes(verb)) return
  throw new KurirError('forbidden', `The token does not allow ${what}: that takes '${verb}' on this session`, {
    statusCode: 403,
    data: { verb },
  })
}
