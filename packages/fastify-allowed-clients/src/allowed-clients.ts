import type { Predicate, RuleSet } from '@peerkit/rules'
import type { FastifyRequest } from 'fastify'

/**
 * Declare your groups here to have their names checked:
 * `declare module '@peerkit/fastify-allowed-clients' { interface AllowedClientsGroups { billing: true } }`.
 */
export interface AllowedClientsGroups {}

/** The names of the declared groups; any string if none is declared. */
export type GroupName = [keyof AllowedClientsGroups] extends [never]
  ? string
  : Extract<keyof AllowedClientsGroups, string>

/**
 * A function that returns whether a peer may make a request. It is called on every request that no other rule allows.
 */
export type ClientPredicate = Predicate<FastifyRequest>

/**
 * Which clients may call a route: a rule, the name of a group, a function, or a list of them of which any may allow. Or
 * one of two strings, which cannot be combined with others:
 *
 * - `'authenticated'`: every client with an accepted certificate
 * - `'public'`: clients without a certificate too, if the server accepts their connections. Use it for a health check
 */
export type AllowedClients = 'authenticated' | 'public' | RuleSet<GroupName, FastifyRequest>

/** Groups by name. A group may name other groups. */
export type ClientGroups = { readonly [name in GroupName]?: RuleSet<GroupName, FastifyRequest> }

/** `enforce` denies what the rules do not allow. `report-only` lets it pass, and logs what would have been denied. */
export type Mode = 'enforce' | 'report-only'
