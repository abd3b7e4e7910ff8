import {
  defineOptions, duration, list, required, text, url, valueOf
} from '@peerkit/identity/internal'
import type { OptionSet, OptionType } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../errors.ts'
import { checkNames } from '../request/requested-names.ts'
import type { RequestedNames } from '../request/requested-names.ts'

/** Options of `kubernetesIssuer`. */
export interface KubernetesIssuerOptions {
  /** Who signs: `mesh.example/service`. A request without a signer that knows the name waits for ever. */
  readonly signerName: string
  /** The names to ask for. */
  readonly names: RequestedNames
  /** What the certificate may be used for. Default `['digital signature', 'server auth', 'client auth']`. */
  readonly usages?: readonly string[] | undefined
  /**
   * The lifetime to ask for, in milliseconds, at least ten minutes. The signer decides. Default: that of the signer.
   */
  readonly lifetime?: number | undefined
  /** Path of the CAs of the signer, PEM, read for each certificate. Default: `ca` of `renewingCredentials` is used. */
  readonly ca?: string | undefined
  /** How long to wait for the certificate, in milliseconds. Default 9,000. */
  readonly waitFor?: number | undefined
  /** The start of the name of the request object. Default `peerkit-`. */
  readonly generateName?: string | undefined
  /** Labels of the request object, such as an approver looks at. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Annotations of the request object. Default: none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Where the API server is. Default: where `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` say. */
  readonly url?: string | undefined
  /**
   * The folder with `token` and `ca.crt` of the API server, which are read for each call. Default
   * `/var/run/secrets/kubernetes.io/serviceaccount`.
   */
  readonly serviceAccount?: string | undefined
}

const TEN_MINUTES = 600_000
const MOST_LIFETIME = 2 ** 31 - 1
const SIGNER_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9._-]+$/
const PREFIX = /^[a-z0-9]([-a-z0-9.]{0,200})$/

const words: OptionType = valueOf('an object with strings', (value) => {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string')
})
const OPTIONS: OptionSet = defineOptions<KubernetesIssuerOptions>('kubernetesIssuer', IssuerOptionError, {
  signerName: required(valueOf('a domain and a path, such as mesh.example/service', matches(SIGNER_NAME))),
  names: required(valueOf('names such as { cn: "ledger" }', () => true)),
  usages: list('at least one usage', text('a usage such as "client auth"'), 1),
  lifetime: duration({ least: TEN_MINUTES, most: MOST_LIFETIME }),
  ca: text('a path'),
  waitFor: duration(),
  generateName: valueOf('lower-case letters, digits, dots and hyphens', matches(PREFIX)),
  labels: words,
  annotations: words,
  url: url('https://10.0.0.1:443', ({ protocol, pathname, username, search, hash }) => {
    return protocol === 'https:' && pathname === '/' && username + search + hash === ''
  }),
  serviceAccount: text('a path')
})

/** @throws IssuerOptionError */
export function checkKubernetesOptions (options: KubernetesIssuerOptions): void {
  OPTIONS.check(options)
  checkNames(options.names, 'names')
}

/** Where the API server of the cluster is in which this process runs. @throws IssuerOptionError */
export function findCluster (variables: Readonly<Record<string, string | undefined>>): URL {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = variables
  const found = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  if (host !== '' && URL.canParse(found)) return new URL(found)
  const what = host === '' ? 'KUBERNETES_SERVICE_HOST is not set' : `KUBERNETES_SERVICE_HOST and _PORT make ${found}`
  throw new IssuerOptionError(`url is missing and ${what}; expected the URL of the API server, or to run in a pod`)
}

function matches (pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value)
}
