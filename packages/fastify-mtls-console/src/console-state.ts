import type { CredentialSource } from '@peerkit/credentials'
import type { AllowedClientsControl } from '@peerkit/fastify-allowed-clients'
import type { RevocationChecker } from '@peerkit/revocation'
import type { TrustEvaluator } from '@peerkit/trust'
import type { Collector } from './collect/collector.ts'
import type { Forecaster } from './forecast/forecaster.ts'
import type { OutboundService } from './options.ts'
import type { RotationHistory } from './trust/rotation-history.ts'
import type { Timeline } from './trust/timeline.ts'

/** Everything that the pages read. They write nothing. */
export interface ConsoleState {
  readonly name: string
  readonly instance: string
  /** The path of the console. */
  readonly prefix: string
  /** When the console was registered, in milliseconds since the epoch. */
  readonly since: number
  readonly now: () => number
  readonly credentials: CredentialSource
  readonly revocation: RevocationChecker | undefined
  /** Verifies a certificate as a handshake does. */
  readonly handshakes: TrustEvaluator
  /** Forecasts when a certificate loses clientAuth. */
  readonly forecaster: Forecaster
  readonly control: Pick<AllowedClientsControl, 'routes' | 'rulesVersion'>
  readonly collector: Collector
  readonly rotations: RotationHistory
  readonly timeline: Timeline
  /** The services of the option `outbound` and of `app.mtlsServices`. */
  readonly services: readonly OutboundService[]
}

/**
 * What the console reads from an app if other plugins added it. It imports none of them: typetests compares these types
 * with those of the plugins.
 */
export interface AppMembers {
  readonly mtls?: AppMtls
  readonly mtlsServices?: Readonly<Record<string, AppService>>
}

interface AppMtls extends Partial<Pick<AllowedClientsControl, 'allow' | 'routes' | 'rulesVersion'>> {
  /** Of `@peerkit/fastify-mtls`. */
  readonly credentials?: CredentialSource | undefined
  readonly revocation?: RevocationChecker | undefined
}

/** A service of `@peerkit/fastify-mtls-client`. */
interface AppService {
  readonly origin: string
  readonly expects: string | undefined
}
