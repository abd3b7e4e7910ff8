// A step-ca of a test, with a CA of ours, in a folder that goes with the test.
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import type { StepCaTokenQuestion } from '@peerkit/issuers/step-ca'
import { freePort } from '../free-port.ts'
import { requireTool } from '../require-tool.ts'

const tool = requireTool('step-ca')

export interface StepCa {
  readonly url: string
  /** Where its CRL is. */
  readonly crl: string
  readonly folder: string
  /** The CA that issues; its root is in `root.pem` of the folder. */
  readonly ca: DevCa
  /** Signs certificates and the CRL, DER. */
  readonly intermediate: Uint8Array
  /** The CA of the certificates that X5C accepts. */
  readonly bootstrap: DevCa
  /** A root of the federation, PEM. */
  readonly partner: string
  /** A one-time token of the provisioner `operator`, of type JWK. */
  token (question: StepCaTokenQuestion, issuer?: string): string
  start (): Promise<void>
  stop (): Promise<void>
}

/** Starts it with provisioners: `operator` (JWK), `short` (JWK, a minute), `fixed` (JWK, no renewal), `fleet` (X5C). */
export async function startStepCa (test: Test): Promise<StepCa> {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-step-ca-'))
  const [ca, bootstrap, partner] = [await createDevCa({ name: 'step root' }), await createDevCa({ name: 'fleet root' }), await createDevCa({ name: 'partner root' })]
  const intermediate = await ca.intermediate({ name: 'step intermediate' })
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const [port, plainPort] = [await freePort(), await freePort()]
  const crl = `http://127.0.0.1:${plainPort}/1.0/crl`
  const options = { x509: { template: templateOf(crl) } }
  const jwk = (name: string, claims: object): object => ({ type: 'JWK', name, options, key: { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }, claims })
  const config = write('ca.json', JSON.stringify({
    root: write('root.pem', ca.root),
    federatedRoots: [write('partner.pem', partner.root)],
    crt: write('intermediate.pem', intermediate.certificate),
    key: write('intermediate.key', intermediate.key),
    address: `127.0.0.1:${port}`,
    // The CRL, which is signed, over HTTP.
    insecureAddress: `127.0.0.1:${plainPort}`,
    crl: { enabled: true, generateOnRevoke: true, cacheDuration: '1h', idpURL: crl },
    dnsNames: ['127.0.0.1', 'localhost'],
    db: { type: 'badgerv2', dataSource: join(folder, 'db') },
    authority: {
      provisioners: [
        jwk('operator', {}), jwk('short', { minTLSCertDuration: '1m', defaultTLSCertDuration: '1m' }), jwk('fixed', { disableRenewal: true }),
        { type: 'X5C', name: 'fleet', roots: Buffer.from(bootstrap.root).toString('base64'), claims: {} }
      ]
    }
  }))
  let stop = async (): Promise<void> => {}
  const start = async (): Promise<void> => { stop = await run(config) }
  await start()
  test.teardown(async () => {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    url: `https://127.0.0.1:${port}`,
    crl,
    folder,
    ca,
    intermediate: intermediate.der,
    bootstrap,
    partner: partner.root,
    token: (question, issuer = 'operator') => signToken(privateKey, question, issuer),
    start,
    stop: async () => { await stop() }
  }
}

/** The default template of step-ca, and where the CRL is: its CRL is for certificates that say so, and for no others. */
function templateOf (crl: string): string {
  return `{
    "subject": {{ toJson .Subject }},
    "sans": {{ toJson .SANs }},
    "keyUsage": ["digitalSignature"],
    "extKeyUsage": ["serverAuth", "clientAuth"],
    "crlDistributionPoints": ["${crl}"]
  }`
}

/** As `step ca token` makes it. */
function signToken (key: KeyObject, { subject, sans, audience, fingerprint }: StepCaTokenQuestion, issuer: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, aud: audience, sub: subject, sans, iat: now, nbf: now, exp: now + 300, jti: randomUUID(), cnf: { 'x5rt#S256': fingerprint } }
  const signed = [{ alg: 'ES256', typ: 'JWT', kid: 'one' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** Resolves when it serves. */
async function run (config: string): Promise<() => Promise<void>> {
  const child = spawn(tool, [config], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      said += chunk.toString()
      if (/Serving HTTPS on/.test(said)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('exit', (code) => { reject(new Error(`step-ca ended with ${String(code)}: ${said.slice(-2_000)}`)) })
  })
  return async () => {
    child.kill('SIGKILL')
    await ended
  }
}
