// What is tried with every client: three arrangements of servers, four chains, with and without revocation.

/** How many calls a client makes in each cell, each on a new connection. */
export const CALLS = 20
/** The connection that finds the worker restarted: an even one, since curl offers a session with every second one. */
export const RESTARTED_AT = 12

/** One process with its own ticket keys; two workers that share a secret and take turns; a worker that is replaced. */
export type ServerKind = 'one' | 'two' | 'restarted'
/**
 * Where the client's certificate stands: directly under the root; under an intermediate that the client sends and that
 * the server does not know; that is also in the server's `ca`; that is also in its `intermediates`.
 */
export type ChainKind = 'direct' | 'sent' | 'ca' | 'intermediates'
/** Without revocation; or with CRLs of the root and the intermediates under the hard policy. */
export type TrustKind = 'none' | 'hard'

export const servers: readonly ServerKind[] = ['one', 'two', 'restarted']
export const chains: readonly ChainKind[] = ['direct', 'sent', 'ca', 'intermediates']
export const trusts: readonly TrustKind[] = ['none', 'hard']

export interface Cell {
  readonly client: string
  readonly server: ServerKind
  readonly chain: ChainKind
  readonly trust: TrustKind
}

/** The cells of one client. */
export function cellsOf (client: string, trust: TrustKind): Cell[] {
  return servers.flatMap((server) => chains.map((chain) => ({ client, server, chain, trust })))
}

/**
 * Whether a client that resumes sessions does so here. Not before two workers of which the second has not met the
 * intermediate: its ticket opens nothing there, and some clients keep no later one.
 */
export function resumesHere ({ server, chain }: Cell): boolean {
  return server !== 'two' || chain !== 'sent'
}
