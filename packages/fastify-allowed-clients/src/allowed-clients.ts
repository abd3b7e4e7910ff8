import type { Predicate, RuleSet } from '@peerkit/rules'
import type { FastifyRequest } from 'fastify'

/**
 * Declare your groups here to have their names checked:
 * `declare module '@peerkit/fastify-allowed-clients' { interface AllowedClientsGroups { billing: true } }`.
 */
export interface AllowedClientsGroups {}

/** The names of the declared groups; any text where none is declared. */
export type GroupName = [keyof AllowedClientsGroups] extends [never] ? string : Extract<keyof AllowedClientsGroups, string>

/** A function that decides about a peer and its request. It is called on every request that no other rule allows. */
export type ClientPredicate = Predicate<FastifyRequest>

/**
 * Which clients may call: a rule, the name of a group, a predicate, or a list of them of which any may allow. Or one of
 * two words:
 *
 * - `'authenticated'`: every client with an accepted certificate
 * - `'public'`: clients without a certificate too, where the server takes their connections (for a health probe, say)
 *
 * @example
 * ```ts
 * app.get('/invoices', { config: { allowedClients: ['billing', { spiffe: 'spiffe://prod.example/ops/*' }] } }, handler)
 * app.get('/health', { config: { allowedClients: 'public' } }, async () => 'ok')
 * ```
 */
export type AllowedClients = 'authenticated' | 'public' | RuleSet<GroupName, FastifyRequest>

/** Groups that rules name. Each may name other groups. */
export type ClientGroups = { readonly [name in GroupName]?: RuleSet<GroupName, FastifyRequest> }

/** `enforce` denies what the rules do not allow. `report-only` lets it through, and logs what would have been denied. */
export type Mode = 'enforce' | 'report-only'
