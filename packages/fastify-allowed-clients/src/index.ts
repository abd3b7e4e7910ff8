export type {
  NearestRule, RequestJudgedMessage, RequestReason, RulesRefusedMessage, RulesReloadedMessage
} from '@peerkit/events'
export type { AllowedClientsControl, EvaluatedRoute } from './app-control.ts'
export {
  AllowedClientsOptionError, ClientNotAllowedError, ClientUnidentifiedError, PluginOrderError, RulesFileInvalidError
} from './errors.ts'
export type { RulesFileReason } from './errors.ts'
export { default, default as fastifyAllowedClients } from './fastify-allowed-clients.ts'
export type {
  AllowedClients, AllowedClientsGroups, ClientGroups, ClientPredicate, FastifyAllowedClientsOptions, GroupName, Mode,
  ScopeOptions, WatchOptions
} from './plugin-options.ts'
export type {
  AccessPreview, ListedRequirement, ListedRoute, Outcome, RequirementPreview
} from './policy/list-routes.ts'
export type { ChangedRule, RulesChange } from './rules-file/rules-change.ts'
export type { RouteCounts } from './policy/route-requirements.ts'
