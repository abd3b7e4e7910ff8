export type {
  AllowedClients, AllowedClientsGroups, ClientGroups, ClientPredicate, GroupName, Mode
} from './allowed-clients.ts'
export type { AllowedClientsControl, EvaluatedRoute } from './app-control.ts'
export type { NearestRule, RequestReason } from './access-policy.ts'
export type { RequestJudgedMessage, RulesRefusedMessage, RulesReloadedMessage } from './channels.ts'
export {
  MTLS_ERR_ALLOWED_CLIENTS_OPTION, ClientNotAllowedError, ClientUnidentifiedError, MTLS_ERR_PLUGIN_ORDER,
  MTLS_ERR_RULES_FILE_INVALID
} from './errors.ts'
export type { RulesFileError, RulesFileReason } from './errors.ts'
export { default, default as fastifyAllowedClients } from './fastify-allowed-clients.ts'
export type { RouteCounts } from './authorize-route.ts'
export type { ListedRequirement, ListedRoute } from './list-routes.ts'
export type { AccessPreview, Outcome, RequirementPreview } from './preview-route.ts'
export type { FastifyAllowedClientsOptions, ScopeOptions, WatchOptions } from './plugin-options.ts'
