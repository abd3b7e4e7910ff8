import { setTimeout as pause } from 'node:timers/promises'
import type { CertificateIssuer, IssuedTrust, TrustQuestion } from '@peerkit/credentials'
import { IssuerError } from '../errors.ts'
import { readText, wrongFile } from '../http/read-text.ts'
import { checkCertifiedNames } from '../request/certified-names.ts'
import { createCertificateRequest } from '../request/certificate-request.ts'
import { idOf } from '../request/id-of.ts'
import { readCertificates } from '../request/read-certificates.ts'
import { ClusterApi } from './cluster-api.ts'
import type { ClusterCall } from './cluster-api.ts'
import { checkKubernetesOptions, findCluster } from './options.ts'
import type { KubernetesIssuerOptions } from './options.ts'
import { readSigningRequest } from './signing-request.ts'
import type { SigningRequest } from './signing-request.ts'

const GROUP = 'certificates.k8s.io'
const RESOURCE = 'certificatesigningrequests'
const PATH = `/apis/${GROUP}/v1/${RESOURCE}`
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const USAGES = ['digital signature', 'server auth', 'client auth']

/** Milliseconds between two looks at a request. Doubles with each look. */
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 2_000
/** Milliseconds for the removal of a request, which nobody waits for. */
const REMOVAL = 5_000

/** An issuer that is a signer of Kubernetes. */
export interface KubernetesIssuer extends CertificateIssuer {
  /** Who issues: `mesh.example/service of Kubernetes https://10.0.0.1`. */
  readonly name: string
  /** Another one for other names, another signer, lifetime or usages. */
  readonly id: string
}

/**
 * Makes an issuer that gets certificates by a CertificateSigningRequest of Kubernetes. Somebody else approves it, and a
 * signer signs it. The request object is removed afterwards.
 *
 * @throws IssuerOptionError if an option is missing, unknown or wrong, or no API server is known
 * @example
 * ```ts
 * const issuer = kubernetesIssuer({
 *   signerName: 'mesh.example/service',
 *   names: { cn: 'ledger', dns: ['ledger.prod.svc'] },
 *   ca: '/var/run/mesh/ca.pem',
 *   url: 'https://10.0.0.1:443' // in a pod: not needed
 * })
 * console.log(typeof issuer.issue) // function
 * ```
 */
export function kubernetesIssuer (options: KubernetesIssuerOptions): KubernetesIssuer {
  checkKubernetesOptions(options)
  const { ca, names, serviceAccount = SERVICE_ACCOUNT, waitFor = 9_000 } = options
  const base = options.url === undefined ? findCluster(process.env) : new URL(options.url)
  const api = new ClusterApi(base, serviceAccount)
  const trust = async ({ signal }: TrustQuestion): Promise<IssuedTrust> => {
    return ca === undefined ? {} : { ca: [...await readCa(ca, api.name, signal)] }
  }
  return {
    name: `${options.signerName} of ${api.name}`,
    id: idOf(base.origin, names, options.lifetime, options.signerName, options.usages ?? USAGES),
    trust,
    async issue ({ privateKey, signal }) {
      const { pem } = await createCertificateRequest(privateKey, names)
      const created = await create(api, options, pem, signal)
      try {
        const cert = await waitForChain(api, created, { waitFor, signal, signerName: options.signerName })
        checkCertifiedNames(cert, names, { what: `${options.signerName} of ${api.name}` })
        return { cert, ...await trust({ signal }) }
      } finally {
        await remove(api, created)
      }
    }
  }
}

async function create (
  api: ClusterApi, options: KubernetesIssuerOptions, request: string, signal: AbortSignal
): Promise<SigningRequest> {
  const { signerName, lifetime, usages = USAGES, generateName = 'peerkit-', labels, annotations } = options
  const body = {
    apiVersion: `${GROUP}/v1`,
    kind: 'CertificateSigningRequest',
    metadata: {
      generateName, ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations })
    },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName,
      usages,
      ...(lifetime !== undefined && { expirationSeconds: Math.floor(lifetime / 1000) })
    }
  }
  const answer = await api.call({ method: 'POST', path: PATH, body, ...needing('create'), signal })
  return readSigningRequest(answer, api.name)
}

interface Wait extends Pick<KubernetesIssuerOptions, 'signerName'> {
  readonly waitFor: number
  readonly signal: AbortSignal
}

/** Looks until the request is signed, or never will be. @returns the chain, PEM */
async function waitForChain (api: ClusterApi, created: SigningRequest, wait: Wait): Promise<string> {
  const { signerName, waitFor, signal } = wait
  const what = `${api.name}: the request ${created.name} for the signer ${signerName}`
  const end = performance.now() + waitFor
  for (let [found, delay] = [created, FIRST_PAUSE]; ; delay = Math.min(delay * 2, LONGEST_PAUSE)) {
    const { refusal, chain, uid, isApproved } = found
    if (uid !== created.uid) {
      throw new IssuerError('refused', `${what} was replaced by another one before it was signed`)
    }
    if (refusal !== undefined) {
      const isDenied = refusal.type === 'Denied'
      const detail = `${what} ${isDenied ? 'was denied' : 'failed'}: ${refusal.why}`
      throw new IssuerError(isDenied ? 'denied' : 'refused', detail)
    }
    if (chain !== undefined) return chain
    const left = end - performance.now()
    if (left <= 0) {
      const lack = isApproved ? 'is approved, and no signer signed it' : 'was approved by nobody'
      throw new IssuerError('unavailable', `${what} ${lack} within ${waitFor} ms`)
    }
    await pause(Math.min(delay, left), undefined, { signal })
    const path = `${PATH}/${created.name}`
    found = readSigningRequest(await api.call({ method: 'GET', path, ...needing('get'), signal }), api.name)
  }
}

/**
 * Removes our request. Where that fails the certificate is still good: Kubernetes removes requests by itself, signed
 * ones after an hour, others after a day.
 */
async function remove (api: ClusterApi, { name, uid }: SigningRequest): Promise<void> {
  const signal = AbortSignal.timeout(REMOVAL)
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
  await api.call({ method: 'DELETE', path: `${PATH}/${name}`, body, ...needing('delete'), signal }).catch(() => {})
}

async function readCa (path: string, name: string, signal: AbortSignal): Promise<readonly string[]> {
  const file = { name, option: 'ca', path, expected: 'PEM certificates', signal }
  const found = readCertificates(await readText(file))
  if (found.length > 0) return found
  throw wrongFile(file, 'no certificate')
}

function needing (verb: string): Pick<ClusterCall, 'needs'> {
  return { needs: { verb, resource: RESOURCE, group: GROUP } }
}
