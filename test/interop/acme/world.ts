// A Pebble of a test, with the DNS that it asks.
import { generateKeyPairSync } from 'node:crypto'
import type { Test } from 'tap'
import { freePort, startDns, startPebble } from '@peerkit/example-acme'
import type { Pebble, PebbleOptions, TestDns } from '@peerkit/example-acme'
import { acmeIssuer } from '@peerkit/issuers/acme'
import type { AcmeIssuer, AcmeIssuerOptions, ChallengeHook, Dns01Record } from '@peerkit/issuers/acme'
import { requireTool } from '../require-tool.ts'

export interface PebbleWorld {
  readonly pebble: Pebble
  readonly dns: TestDns
  /** Where Pebble looks for http-01. */
  readonly httpPort: number
  /** Sets records as a hook of a user would. */
  readonly dns01: ChallengeHook<Dns01Record>
  /** An issuer with an account of its own that answers http-01 at `httpPort`. */
  issuer (options?: Partial<AcmeIssuerOptions>): AcmeIssuer
}

/** Starts Pebble, or ends the test file where it is not installed. */
export async function startWorld (t: Test, options: PebbleOptions = {}): Promise<PebbleWorld> {
  requireTool('pebble')
  requireTool('pebble-challtestsrv')
  const dns = await startDns()
  t.teardown(async () => { await dns.close() })
  const httpPort = await freePort()
  const pebble = await startPebble({ httpPort, dns: dns.address, ...options })
  t.teardown(async () => { await pebble.close() })
  const dns01 = {
    async set ({ name, value }: Dns01Record) { await dns.addTxt(name, value) },
    async remove ({ name }: Dns01Record) { await dns.clearTxt(name) }
  }
  return {
    pebble,
    dns,
    httpPort,
    dns01,
    issuer: (more = {}) => acmeIssuer({
      directory: pebble.directory,
      ca: pebble.ca,
      names: { dns: ['ledger.example'] },
      account: makeAccount(),
      challenges: { http01: { port: httpPort, host: '127.0.0.1' } },
      // Without one Pebble takes any.
      profile: 'default',
      ...more
    })
  }
}

/** An account with a key of its own. */
export function makeAccount (): AcmeIssuerOptions['account'] {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { key, termsOfServiceAgreed: true, contacts: ['mailto:ops@ledger.example'] }
}
