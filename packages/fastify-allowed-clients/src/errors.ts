import { ClientError, CodedError, OptionError } from '@peerkit/identity/internal'

/** No rule of the route allows the client, or the route has no rules. The client learns nothing about the rules. */
export class ClientNotAllowedError extends ClientError {
  static readonly code = 'MTLS_ERR_CLIENT_NOT_ALLOWED'
  static readonly statusCode = 403
  override readonly code = 'MTLS_ERR_CLIENT_NOT_ALLOWED'
  override readonly statusCode = 403

  constructor () {
    super('This client is not allowed here')
  }
}

/** The client presented no certificate. */
export class ClientUnidentifiedError extends ClientError {
  static readonly code = 'MTLS_ERR_CLIENT_UNIDENTIFIED'
  static readonly statusCode = 401
  override readonly code = 'MTLS_ERR_CLIENT_UNIDENTIFIED'
  override readonly statusCode = 401

  constructor () {
    super('A client certificate is required')
  }
}

/** An option of the plugin, a scope or a route is wrong. */
export class AllowedClientsOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_ALLOWED_CLIENTS_OPTION'
  override readonly code = 'MTLS_ERR_ALLOWED_CLIENTS_OPTION'

  constructor (detail: string) {
    super(`Invalid allowedClients option: ${detail}`)
  }
}

/**
 * The plugin was registered where it cannot protect every route: after routes, in an encapsulated plugin, without a
 * plugin that identifies clients, or on an unsupported version of Fastify.
 */
export class PluginOrderError extends CodedError {
  static readonly code = 'MTLS_ERR_PLUGIN_ORDER'
  override readonly code = 'MTLS_ERR_PLUGIN_ORDER'

  constructor (detail: string) {
    super(`@peerkit/fastify-allowed-clients cannot protect every route: ${detail}`)
  }
}

/**
 * Why a rules file was refused.
 *
 * - `unreadable`: missing, not a file, no permission.
 * - `too_large`: above 16 MiB.
 * - `malformed`: not valid JSON or YAML, not UTF-8, or a duplicate key.
 * - `structure`: keys other than `groups`, `defaultRules` and `routes`, or rules that are also declared in code.
 * - `unknown_route`: rules for a route that the app does not have.
 * - `rejected`: the option `onReload` refused the change; `cause` is what it threw.
 * - `rule_invalid`: a rule or a group is wrong; `cause` is the RuleInvalidError.
 */
export type RulesFileReason =
  | 'unreadable' | 'too_large' | 'malformed' | 'structure' | 'unknown_route' | 'rule_invalid' | 'rejected'

/** A rules file cannot be used. */
export class RulesFileInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_RULES_FILE_INVALID'
  override readonly code = 'MTLS_ERR_RULES_FILE_INVALID'
  readonly file: string
  readonly reason: RulesFileReason

  constructor (file: string, reason: RulesFileReason, detail: string, options?: ErrorOptions) {
    super(`Rules file ${file} refused: ${detail}`, options)
    this.file = file
    this.reason = reason
  }
}
