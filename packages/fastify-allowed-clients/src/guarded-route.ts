import type { Authorizer } from '@peerkit/rules'

export type Mode = 'enforce' | 'report'

/** One set of rules that must allow, and where it was declared. */
export interface Requirement {
  /** `config.allowedClients`, `scope /admin`, `rules`: for logs and people, never for clients. */
  readonly origin: string
  readonly authorizer: Authorizer
}

/** A route as the guard sees it: all requirements must allow; without any, `open` decides. */
export interface GuardedRoute {
  readonly methods: readonly string[]
  readonly url: string
  readonly requirements: readonly Requirement[]
  /** Whether a route without requirements lets every identified peer in. */
  readonly open: boolean
  readonly mode: Mode
}
