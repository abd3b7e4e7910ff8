import type { CertificateIssuer } from '@peerkit/credentials'
import type { IssuerWorld } from './issuer-world.ts'

/** An issuer that runs against the CA of a case. */
export interface StartedIssuer {
  readonly issuer: CertificateIssuer
  /** Whether its answers have the CAs to trust. */
  readonly givesCa: boolean
  /** Texts that none of its errors may show, such as its token. Default: none. */
  readonly secrets?: readonly string[] | undefined
  close (): Promise<void>
}

/** Starts the issuer that is tested. What it calls has to ask `world.answer` for each certificate. */
export type IssuerHarness = (world: IssuerWorld) => Promise<StartedIssuer>

/** Options of a case. */
export interface CaseOptions {
  /** Milliseconds after which an issuer that does nothing has failed. Default 20,000. */
  readonly patience?: number | undefined
}

/** One case of the kit. */
export interface IssuerCase {
  readonly name: string
  /** @throws an error if the issuer does not do what it should */
  run (harness: IssuerHarness, options?: CaseOptions): Promise<void>
}
