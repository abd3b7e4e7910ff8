import type { PeerIdentity } from '@peerkit/identity'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import { ocspChecker, type OcspChecker, type OcspCheckerOptions } from '../../src/index.ts'
import { describeCertId, writeOcspRequest } from '../../src/ocsp/ocsp-request.ts'
import { makeCa, type TestCa } from './identities.ts'
import { readRequest, startResponder, type OcspLie, type TestResponder } from './ocsp-responder.ts'

export const { ca, identity, leaf } = await makeCa()
export const peer = (await leaf('peer')).identity
export const another = (await leaf('another')).identity
/** What the CA has to certify for a delegate that signs responses. */
export const asResponder = { extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'] }

/** A checker that asks a responder of its own. */
export async function setUp (
  t: Test, options: OcspCheckerOptions = {}, lie: OcspLie = {}, from: TestCa['ca'] = ca
): Promise<{ responder: TestResponder, checker: OcspChecker }> {
  const responder = await startResponder(from, lie)
  const checker = ocspChecker({ urls: responder.url, ...options })
  t.teardown(async () => { await Promise.all([checker.close(), responder.close()]) })
  return { responder, checker }
}

/** A time from now, at a whole ten seconds: to these the checker cuts ends that are more than a minute away. */
export function roundTime (ahead: number): Date { return new Date(Math.floor(Date.now() / 10_000) * 10_000 + ahead) }

/** What was told of failures while the function ran. */
export async function failuresOf (run: () => Promise<unknown>): Promise<{ code?: string, reason?: string }[]> {
  const failures: { code?: string, reason?: string }[] = []
  const listen = (message: unknown): void => { failures.push(message as { code?: string, reason?: string }) }
  subscribe('peerkit:revocation:failed', listen)
  await run()
  unsubscribe('peerkit:revocation:failed', listen)
  return failures
}

/** How a certificate of the CA is named in a request. */
export function certIdOf (of: PeerIdentity, hash: 'sha1' | 'sha256' = 'sha1'): Uint8Array {
  return readRequest(writeOcspRequest(describeCertId(of, identity, hash), undefined)).certId
}
