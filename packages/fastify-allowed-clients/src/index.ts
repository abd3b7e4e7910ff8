export type { AllowedClients, AllowedClientsGroups, ClientGroups, ClientPredicate, GroupName, Mode } from './allowed-clients.ts'
export type { NearestRule, RequestRefusalReason } from './audience.ts'
export type { RequestJudgedMessage, RulesRefusedMessage, RulesReloadedMessage } from './channels.ts'
export {
  MTLS_ERR_ALLOWED_CLIENTS_OPTION, MTLS_ERR_CLIENT_NOT_ALLOWED, MTLS_ERR_CLIENT_UNIDENTIFIED, MTLS_ERR_GUARD_MISPLACED, MTLS_ERR_ROUTES_BEFORE_PLUGIN, MTLS_ERR_RULES_FILE_INVALID
} from './errors.ts'
export type { RulesFileError, RulesFileReason } from './errors.ts'
export { default, default as fastifyAllowedClients } from './fastify-allowed-clients.ts'
export type { AllowedClientsControl } from './fastify-allowed-clients.ts'
export type { ForeseenAccess, ForeseenRequirement, Outcome } from './foresee-route.ts'
export type { RouteCounts } from './judge-route.ts'
export type { ListedRequirement, ListedRoute } from './list-routes.ts'
export type { FastifyAllowedClientsOptions, ScopeOptions, WatchOptions } from './plugin-options.ts'
