import { UsageError } from '../usage-error.ts'
import { describeCrl } from './describe-crl.ts'
import type { Described } from './describe-crl.ts'
import { describeOcsp } from './describe-ocsp.ts'
import { describeRequest } from './describe-request.ts'
import { EXPECTED } from './recognize.ts'
import type { Kind } from './recognize.ts'

/** Where an object is from, and the CAs of `--ca`. */
export interface ObjectPlace {
  readonly where: string
  readonly anchors: readonly Uint8Array[]
  /** The name of these CAs, for the output. */
  readonly trust: string
}

/** Describes a CRL, a request or an OCSP response. Undefined for other kinds. @throws UsageError if it is damaged */
export async function describeObject (
  kind: Kind, der: Uint8Array, { where, anchors, trust }: ObjectPlace
): Promise<Described | undefined> {
  try {
    if (kind === 'crl') return await describeCrl(der, anchors, trust)
    if (kind === 'request') return describeRequest(der)
    return kind === 'ocsp' ? describeOcsp(der) : undefined
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}; expected ${EXPECTED}`)
  }
}
