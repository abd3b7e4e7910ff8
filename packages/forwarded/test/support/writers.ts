import { createHash } from 'node:crypto'
import { encodePem } from '@peerkit/identity'
import type { ForwardedReaderOptions } from '../../src/index.ts'

type Headers = readonly string[]

/** How a gateway writes what it saw. */
export interface Writer {
  readonly name: string
  readonly options: Omit<ForwardedReaderOptions, 'gateways'>
  /** From a real proxy (../shared/FACTS.md and test/interop hold them), or as the vendor documents it. */
  readonly source: 'captured' | 'documented' | 'standard'
  readonly verifies: boolean
  /** The chain is written only where the gateway passes it on. */
  readonly passesChain: boolean
  write (leaf: Uint8Array, chain: readonly Uint8Array[]): Headers
  /** Without a certificate. */
  readonly none: readonly Headers[]
  /** With a certificate that the gateway does not vouch for. */
  unverified? (leaf: Uint8Array): readonly Headers[]
}

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')
const sequence = (der: Uint8Array): string => `:${base64(der)}:`
/** As nginx and Envoy escape: all that is no letter, digit, `-`, `.`, `_` or `~`. */
export const escape = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
/** As AWS does: `+`, `=` and `/` stay. */
const escapeSafe = (text: string): string => escape(text).replace(/%2B/g, '+').replace(/%3D/g, '=').replace(/%2F/g, '/')
const pem = (...ders: readonly Uint8Array[]): string => ders.map((der) => encodePem(der)).join('')
const spaced = (der: Uint8Array): string => pem(der).replace(/\n/g, ' ').trim()
const sha256 = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex')

const nginx = (name: 'nginx' | 'ingress-nginx', source: Writer['source']): Writer => ({
  name,
  options: { format: name },
  source,
  verifies: true,
  passesChain: false,
  write: (leaf) => ['ssl-client-verify', 'SUCCESS', 'ssl-client-cert', escape(pem(leaf))],
  none: [['ssl-client-verify', 'NONE']],
  unverified: (leaf) => [
    ['ssl-client-verify', 'FAILED:unable to verify the first certificate', 'ssl-client-cert', escape(pem(leaf))],
    ['ssl-client-cert', escape(pem(leaf))],
    ['ssl-client-verify', 'success', 'ssl-client-cert', escape(pem(leaf))]
  ]
})

export const writers: readonly Writer[] = [
  {
    name: 'rfc9440',
    options: { format: 'rfc9440' },
    source: 'standard',
    verifies: true,
    passesChain: true,
    write: (leaf, chain) => [
      'Client-Cert', sequence(leaf), ...(chain.length > 0 ? ['Client-Cert-Chain', chain.map(sequence).join(', ')] : [])
    ],
    none: [[], ['Client-Cert', '']]
  },
  {
    name: 'xfcc',
    options: { format: 'xfcc' },
    source: 'captured',
    verifies: true,
    passesChain: true,
    write: (
      leaf, chain
    ) => [
      'x-forwarded-client-cert',
      `By=spiffe://prod.example/edge;Hash=${sha256(leaf)};Cert="${escape(pem(leaf))}";Chain="${escape(pem(leaf, ...chain))}";Subject="";URI=;DNS=a.example`
    ],
    none: [[]]
  },
  nginx('nginx', 'captured'),
  nginx('ingress-nginx', 'documented'),
  {
    name: 'haproxy',
    options: { format: 'haproxy' },
    source: 'captured',
    verifies: true,
    passesChain: true,
    write: (leaf, chain) => [
      'ssl-client-used', '1', 'ssl-client-verify', '0', 'ssl-client-cert', base64(leaf),
      ...(chain.length > 0 ? ['ssl-client-chain', base64(Buffer.concat(chain))] : [])
    ],
    none: [
      ['ssl-client-used', '0', 'ssl-client-verify', '0', 'ssl-client-cert', '', 'ssl-client-chain', ''],
      ['ssl-client-used', '0', 'ssl-client-verify', '0']
    ],
    unverified: (leaf) => [
      ['ssl-client-used', '1', 'ssl-client-verify', '20', 'ssl-client-cert', base64(leaf)],
      ['ssl-client-verify', '0', 'ssl-client-cert', base64(leaf)],
      ['ssl-client-used', '1', 'ssl-client-cert', base64(leaf)]
    ]
  },
  {
    name: 'apache',
    options: { format: 'apache' },
    source: 'captured',
    verifies: true,
    passesChain: false,
    write: (leaf) => ['SSL-Client-Cert', spaced(leaf), 'SSL-Client-Verify', 'SUCCESS'],
    none: [
      ['SSL-Client-Cert', '(null)', 'SSL-Client-Verify', 'NONE'], ['SSL-Client-Cert', '', 'SSL-Client-Verify', 'NONE']
    ],
    unverified: (leaf) => [
      ['SSL-Client-Cert', spaced(leaf), 'SSL-Client-Verify', 'GENEROUS'],
      ['SSL-Client-Cert', spaced(leaf), 'SSL-Client-Verify', 'FAILED:(null)'], ['SSL-Client-Cert', spaced(leaf)]
    ]
  },
  {
    name: 'traefik',
    options: { format: 'traefik' },
    source: 'captured',
    verifies: true,
    passesChain: true,
    write: (leaf, chain) => ['X-Forwarded-Tls-Client-Cert', [leaf, ...chain].map(base64).join(',')],
    none: [[]]
  },
  {
    name: 'traefik, escaped',
    options: { format: 'traefik' },
    source: 'documented',
    verifies: true,
    passesChain: true,
    write: (leaf, chain) => ['X-Forwarded-Tls-Client-Cert', escape([leaf, ...chain].map(base64).join(','))],
    none: []
  },
  {
    name: 'caddy',
    options: { format: 'caddy' },
    source: 'captured',
    verifies: true,
    passesChain: false,
    write: (leaf) => ['Ssl-Client-Cert', base64(leaf)],
    none: [['Ssl-Client-Cert', '{http.request.tls.client.certificate_der_base64}'], ['Ssl-Client-Cert', '']]
  },
  {
    name: 'aws-alb-verify',
    options: { format: 'aws-alb-verify' },
    source: 'documented',
    verifies: true,
    passesChain: false,
    write: (leaf) => [
      'X-Amzn-Mtls-Clientcert-Serial-Number', '03A5B1', 'X-Amzn-Mtls-Clientcert-Subject', 'CN=billing',
      'X-Amzn-Mtls-Clientcert-Leaf', escapeSafe(pem(leaf))
    ],
    none: [[]]
  },
  {
    name: 'aws-alb-passthrough',
    options: { format: 'aws-alb-passthrough' },
    source: 'documented',
    verifies: false,
    passesChain: true,
    write: (leaf, chain) => ['X-Amzn-Mtls-Clientcert', escapeSafe(pem(leaf, ...chain))],
    none: [[]]
  },
  {
    name: 'aws-cloudfront',
    options: { format: 'aws-cloudfront' },
    source: 'documented',
    verifies: true,
    passesChain: false,
    write: (leaf) => [
      'CloudFront-Viewer-Cert-Serial-Number', '4a:3f:5c', 'CloudFront-Viewer-Cert-Subject', 'CN=admin',
      'CloudFront-Viewer-Cert-Sha256', '00'.repeat(32), 'CloudFront-Viewer-Cert-Present', '1',
      'CloudFront-Viewer-Cert-Pem', escape(pem(leaf))
    ],
    none: [['CloudFront-Viewer-Cert-Present', '0'], ['CloudFront-Viewer-Cert-Present', '0', 'CloudFront-Viewer-Cert-Pem', '']],
    unverified: (leaf) => ['true', 'Required', '2', '1, 0'].map((present) => [
      'CloudFront-Viewer-Cert-Present', present, 'CloudFront-Viewer-Cert-Pem', escape(pem(leaf))
    ])
  },
  {
    name: 'aws-cloudfront-passthrough',
    options: { format: 'aws-cloudfront-passthrough' },
    source: 'documented',
    verifies: false,
    passesChain: true,
    write: (leaf, chain) => [
      'CloudFront-Viewer-Cert-Subject', 'CN=admin', 'Client-Cert', sequence(leaf),
      ...(chain.length > 0 ? ['Client-Cert-Chain', chain.map(sequence).join(', ')] : [])
    ],
    none: [['Client-Cert', '']]
  },
  {
    name: 'azure-application-gateway',
    options: { format: 'azure-application-gateway' },
    source: 'documented',
    verifies: true,
    passesChain: false,
    write: (leaf) => ['X-Client-Cert', escape(pem(leaf)), 'X-Client-Cert-Verification', 'SUCCESS'],
    none: [['X-Client-Cert-Verification', 'NONE'], ['X-Client-Cert', '', 'X-Client-Cert-Verification', 'NONE']],
    unverified: (leaf) => [
      ['X-Client-Cert', escape(pem(leaf)), 'X-Client-Cert-Verification', 'FAILED:certificate has expired'],
      ['X-Client-Cert', escape(pem(leaf))]
    ]
  },
  {
    name: 'azure-application-gateway-passthrough',
    options: { format: 'azure-application-gateway-passthrough' },
    source: 'documented',
    verifies: false,
    passesChain: false,
    write: (leaf) => ['X-Client-Cert', escape(pem(leaf))],
    none: [['X-Client-Cert', '']]
  },
  {
    name: 'azure-app-service',
    options: { format: 'azure-app-service' },
    source: 'documented',
    verifies: false,
    passesChain: false,
    write: (leaf) => ['X-ARR-ClientCert', base64(leaf)],
    none: [[]]
  },
  {
    name: 'azure-container-apps',
    options: { format: 'azure-container-apps' },
    source: 'documented',
    verifies: false,
    passesChain: true,
    write: (leaf, chain) => [
      'X-Forwarded-Client-Cert',
      `Hash=${sha256(leaf)};Cert="${escape(pem(leaf))}";Chain="${escape(pem(leaf, ...chain))}"`
    ],
    none: [['X-Forwarded-Client-Cert', '']]
  },
  {
    name: 'google-cloud',
    options: { format: 'google-cloud' },
    source: 'documented',
    verifies: true,
    passesChain: true,
    write: (leaf, chain) => [
      'X-Client-Cert-Present', 'true', 'X-Client-Cert-Chain-Verified', 'true', 'X-Client-Cert-Leaf', sequence(leaf),
      'X-Client-Cert-Chain', chain.map(sequence).join(', ')
    ],
    none: [[
      'X-Client-Cert-Present', 'false', 'X-Client-Cert-Chain-Verified', 'false', 'X-Client-Cert-Leaf', '',
      'X-Client-Cert-Chain', ''
    ]],
    unverified: (leaf) => [
      ['X-Client-Cert-Present', 'true', 'X-Client-Cert-Chain-Verified', 'false', 'X-Client-Cert-Leaf', sequence(leaf)],
      ['X-Client-Cert-Present', 'true', 'X-Client-Cert-Leaf', sequence(leaf)],
      ['X-Client-Cert-Chain-Verified', 'true', 'X-Client-Cert-Leaf', sequence(leaf)]
    ]
  },
  {
    name: 'cloudflare',
    options: { format: 'cloudflare' },
    source: 'documented',
    verifies: true,
    passesChain: false,
    write: (leaf) => [
      'Cf-Client-Cert-Der-Base64', base64(leaf), 'Cf-Client-Cert-Sha256', sha256(leaf), 'Cf-Cert-Verified', 'true',
      'Cf-Cert-Revoked', 'false', 'Cf-Cert-Presented', 'true'
    ],
    none: [['Cf-Cert-Verified', 'false', 'Cf-Cert-Presented', 'false'], []],
    unverified: (leaf) => [
      ['Cf-Client-Cert-Der-Base64', base64(leaf), 'Cf-Cert-Verified', 'false', 'Cf-Cert-Presented', 'true'],
      ['Cf-Client-Cert-Der-Base64', base64(leaf)],
      ['Cf-Client-Cert-Der-Base64', base64(leaf), 'Cf-Cert-Verified', 'true', 'Cf-Cert-Revoked', 'true'],
      ['Cf-Client-Cert-Der-Base64', base64(leaf), 'Cf-Cert-Verified', 'true', 'Cf-Cert-Presented', 'true']
    ]
  },
  {
    name: 'custom',
    options: {
      format: 'custom',
      headers: { certificate: 'X-My-Cert', verified: 'X-My-Verdict', chain: 'X-My-Chain' },
      encoding: 'base64-der',
      chainEncoding: 'pem-escaped',
      verifiedValue: 'yes',
      noneValues: ['none']
    },
    source: 'documented',
    verifies: true,
    passesChain: true,
    write: (leaf, chain) => [
      'X-My-Verdict', 'yes', 'X-My-Cert', base64(leaf), 'X-My-Chain', chain.length > 0 ? escape(pem(...chain)) : ''
    ],
    none: [['X-My-Verdict', 'none', 'X-My-Cert', 'none'], ['X-My-Verdict', 'none']],
    unverified: (leaf) => [['X-My-Verdict', 'no', 'X-My-Cert', base64(leaf)], ['X-My-Cert', base64(leaf)]]
  }
]
