import { ClientError, CodedError, OptionError } from '@peerkit/identity/internal'

/** An option of `withMtls`, of the plugin or of `injectAs` is wrong. */
export class ServerOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_SERVER_OPTION'
  override readonly code = 'MTLS_ERR_SERVER_OPTION'

  constructor (detail: string, options?: ErrorOptions) {
    super(`Invalid mTLS server option: ${detail}`, options)
  }
}

/** The plugin was registered on an app whose server does not verify client certificates. */
export class ServerNotMtlsError extends CodedError {
  static readonly code = 'MTLS_ERR_SERVER_NOT_MTLS'
  override readonly code = 'MTLS_ERR_SERVER_NOT_MTLS'

  constructor (detail: string) {
    super(
      `This Fastify instance was not created with withMtls(): its server ${detail}. Create it with ` +
        'Fastify(withMtls(credentials)). With fastify-cli, write export const options = withMtls(credentials) in ' +
        'app.js, and start with --options. With NestJS, write new FastifyAdapter(withMtls(credentials)). Behind a ' +
        'gateway that verifies clients, give @peerkit/fastify-mtls the option forwarded.'
    )
  }
}

/** The client presented no certificate, and the route needs one. */
export class PeerMissingError extends ClientError {
  static readonly code = 'MTLS_ERR_PEER_MISSING'
  static readonly statusCode = 401
  override readonly code = 'MTLS_ERR_PEER_MISSING'
  override readonly statusCode = 401

  constructor () {
    super('A client certificate is required')
  }
}

/**
 * The certificate was accepted when the connection was opened, and is not any more: it expired, was revoked or blocked,
 * or its CA was removed.
 */
export class PeerNoLongerTrustedError extends ClientError {
  static readonly code = 'MTLS_ERR_PEER_NO_LONGER_TRUSTED'
  static readonly statusCode = 401
  override readonly code = 'MTLS_ERR_PEER_NO_LONGER_TRUSTED'
  override readonly statusCode = 401

  constructor () {
    super('The client certificate is no longer accepted')
  }
}

/** The forwarded client certificate of a request was refused. The client learns no reason. */
export class ForwardedRefusedError extends ClientError {
  static readonly code = 'MTLS_ERR_FORWARDED_REFUSED'
  static readonly statusCode = 401
  override readonly code = 'MTLS_ERR_FORWARDED_REFUSED'
  override readonly statusCode = 401

  constructor () {
    super('Forwarded client certificate refused')
  }
}
