import type { CredentialSource } from '@peerkit/credentials'

/** Whether a service can use what the Workload API gives. */
export interface Use {
  /** The SPIFFE ID of the service; undefined if it cannot be used. */
  readonly spiffeId: string | undefined
  /** Why it cannot be used. */
  readonly problem: string | undefined
  /** The trust domains whose peers would be accepted. */
  readonly trustDomains: readonly string[]
  /** The trust domains whose bundle is refused, and why. */
  readonly refused: ReadonlyArray<{ readonly trustDomain: string, readonly problem: string }>
  readonly warnings: readonly string[]
}

/** Makes the credentials as a service does, and closes them. */
export async function checkUse (open: () => Promise<CredentialSource>): Promise<Use> {
  try {
    const source = await open()
    const { identity, authorities, warnings } = source.current
    const bundles = source.status?.().bundles ?? []
    await source.close()
    return {
      spiffeId: identity.spiffeId,
      problem: undefined,
      trustDomains: authorities.map(({ name }) => name),
      refused: bundles.flatMap(({ authority: trustDomain, problem }) => {
        return problem === undefined ? [] : [{ trustDomain, problem }]
      }),
      warnings
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'MTLS_ERR_SPIFFE_WORKLOAD_API') throw error
    return { spiffeId: undefined, problem: message, trustDomains: [], refused: [], warnings: [] }
  }
}
