import type { AllowRule, Predicate, RuleSet } from '@peerkit/rules'
import type { FastifyRequest } from 'fastify'

/**
 * Declare your groups here to have their names checked:
 * `declare module '@peerkit/fastify-allowed-clients' { interface AllowedClientsGroups { billing: true } }`.
 */
export interface AllowedClientsGroups {}

/** The names of the declared groups; any text where none is declared. */
export type GroupName = [keyof AllowedClientsGroups] extends [never] ? string : Extract<keyof AllowedClientsGroups, string>

/** A function that decides about a peer and its request; it is asked on every request. */
export type ClientPredicate = Predicate<FastifyRequest>

/**
 * Who may call: whoever any of the rules, groups and predicates allows. Two words stand alone in the array:
 *
 * - `['identified']`: every client with an accepted certificate
 * - `['anyone']`: clients without a certificate too, where the server lets them in (a health probe)
 */
export type AllowedClients = RuleSet<GroupName | 'identified' | 'anyone', FastifyRequest>

/** Groups that rules name. Each may name other groups. */
export type ClientGroups = { readonly [name in GroupName]?: AllowRule | RuleSet<GroupName, FastifyRequest> }

/** `enforce` refuses; `report` lets through and says what would have been refused. */
export type Mode = 'enforce' | 'report'
