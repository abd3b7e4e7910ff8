import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import type { TrustEvaluator } from '@peerkit/trust'
import type { Collector } from '../collect/collector.ts'
import type { RotationHistory } from '../collect/rotation-history.ts'
import type { OutboundService } from '../options.ts'
import type { Forecaster } from './forecaster.ts'
import type { AllowedClientsControl } from './listed-route.ts'

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
  readonly control: AllowedClientsControl
  readonly collector: Collector
  readonly rotations: RotationHistory
  /** The services of the option `outbound` and of `app.mtlsServices`. */
  readonly services: readonly OutboundService[]
}
