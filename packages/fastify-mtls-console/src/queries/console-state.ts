import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import type { TrustEvaluator } from '@peerkit/trust'
import type { Collector } from '../collect/collector.ts'
import type { RotationHistory } from '../collect/rotation-history.ts'
import type { OutboundService } from '../options.ts'
import type { Forecaster } from './forecaster.ts'
import type { AllowedClientsControl } from './listed-route.ts'

/** All that the console reads. It writes nothing. */
export interface ConsoleState {
  readonly name: string
  readonly instance: string
  /** Where the console stands. */
  readonly prefix: string
  /** Milliseconds since the epoch: nothing before is known. */
  readonly since: number
  readonly now: () => number
  readonly credentials: CredentialSource
  readonly revocation: RevocationChecker | undefined
  /** Says what a handshake says to a certificate. */
  readonly handshakes: TrustEvaluator
  /** Says what becomes of a certificate's clientAuth. */
  readonly forecaster: Forecaster
  readonly control: AllowedClientsControl
  readonly collector: Collector
  readonly rotations: RotationHistory
  /** Those given and those of `app.mtlsServices`. */
  readonly services: readonly OutboundService[]
}
