import { spiffeCredentials } from '@peerkit/spiffe'
import type { SpiffeCredentialsOptions } from '@peerkit/spiffe'
import { openControlPort } from './control-port.ts'
import { openX509Port } from './x509-port.ts'

/** A harness that is ready. */
export interface Harness {
  readonly x509Port: number
  readonly controlPort: number
  close (): Promise<void>
}

/**
 * Starts the harness (contract section 2). It has its X.509-SVID before it opens a port, so a port that is open is
 * ready. The source finds the Workload API by the variable SPIFFE_ENDPOINT_SOCKET.
 *
 * @param options for tests: a clock. The suite gets the defaults of the package
 */
export async function startHarness (options: Pick<SpiffeCredentialsOptions, 'clock' | 'random'> = {}): Promise<Harness> {
  const credentials = await spiffeCredentials(options)
  const x509 = await openX509Port(credentials)
  const control = await openControlPort(credentials)
  return {
    x509Port: x509.port,
    controlPort: control.port,
    async close () {
      await Promise.all([x509.close(), control.close()])
      await credentials.close()
    }
  }
}
