import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'
import { ClientError } from '@peerkit/identity/internal'

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
export const MTLS_ERR_ALLOWED_CLIENTS_OPTION: FastifyErrorConstructor<
  { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION' }, [string]
> =
  createError('MTLS_ERR_ALLOWED_CLIENTS_OPTION', 'Invalid allowedClients option: %s', 500, TypeError)

/**
 * The plugin was registered where it cannot protect every route: after routes, in an encapsulated plugin, without a
 * plugin that identifies clients, or on an unsupported version of Fastify.
 */
export const MTLS_ERR_PLUGIN_ORDER: FastifyErrorConstructor<{ code: 'MTLS_ERR_PLUGIN_ORDER' }, [string]> =
  createError('MTLS_ERR_PLUGIN_ORDER', '@peerkit/fastify-allowed-clients cannot protect every route: %s', 500)

/** A rules file cannot be used. Carries `reason` and `file`, see {@link RulesFileError}. */
export const MTLS_ERR_RULES_FILE_INVALID: FastifyErrorConstructor<
  { code: 'MTLS_ERR_RULES_FILE_INVALID' }, [string, string]
> =
  createError('MTLS_ERR_RULES_FILE_INVALID', 'Rules file %s refused: %s', 500)

/**
 * Why a rules file was refused.
 *
 * - `unreadable`: missing, not a file, no permission.
 * - `too_large`: above 16 MiB.
 * - `malformed`: not valid JSON or YAML, not UTF-8, or a duplicate key.
 * - `structure`: keys other than `groups`, `defaultRules` and `routes`, or rules that are also declared in code.
 * - `unknown_route`: rules for a route that the app does not have.
 * - `rule_invalid`: a rule or a group is wrong; `cause` is the RuleInvalidError.
 */
export type RulesFileReason = 'unreadable' | 'too_large' | 'malformed' | 'structure' | 'unknown_route' | 'rule_invalid'

/** The fields of `MTLS_ERR_RULES_FILE_INVALID`. */
export interface RulesFileError extends Error {
  readonly code: 'MTLS_ERR_RULES_FILE_INVALID'
  readonly reason: RulesFileReason
  readonly file: string
}

/** Throws `MTLS_ERR_RULES_FILE_INVALID`. */
export function refuseRulesFile (file: string, reason: RulesFileReason, message: string, cause?: unknown): never {
  const error = Object.assign(new MTLS_ERR_RULES_FILE_INVALID(file, message), { reason, file })
  throw cause === undefined ? error : Object.assign(error, { cause })
}
