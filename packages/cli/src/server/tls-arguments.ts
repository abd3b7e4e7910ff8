import { isIP } from 'node:net'
import { encodePem } from '@peerkit/identity'
import { readDuration, textOf, textsOf, UsageError } from '../command.ts'
import type { Command, Values } from '../command.ts'
import { readCertificateFile, readOwnFiles } from '../files/certificate-file.ts'
import type { OwnFiles } from '../files/certificate-file.ts'
import type { OpenTlsOptions, Target } from '../handshake/open-tls.ts'

const PORT_PROTOCOLS = ['h2', 'http/1.1']

/** The options of every command that connects. */
export const TLS_OPTIONS: Command['options'] = {
  servername: { type: 'string', help: 'expected name of the server, sent as SNI (default the host)' },
  ca: { type: 'string', help: 'trusted CAs, PEM (default those of Node)' },
  timeout: { type: 'string', help: 'timeout of each connection (default 10s)' }
}

/** The options of commands that can send a client certificate. */
export const CLIENT_OPTIONS: Command['options'] = {
  alpn: {
    type: 'string',
    multiple: true,
    help: 'protocol to offer (any number; default h2 and http/1.1)',
    values: PORT_PROTOCOLS
  },
  cert: { type: 'string', help: 'client certificate and its chain, PEM' },
  key: { type: 'string', help: 'its private key, PEM' },
  'passphrase-file': { type: 'string', help: 'file with the passphrase of the key, or of PKCS#12' },
  insecure: { type: 'boolean', help: 'send certificate and request even to an untrusted server' }
}

const MAX_TIMEOUT = 600_000

export interface TlsArguments {
  readonly options: OpenTlsOptions
  /** The name of the trusted CAs, for the output. */
  readonly trust: string
  /** The certificates of --ca. */
  readonly anchors: readonly Uint8Array[]
  readonly own: OwnFiles | undefined
  readonly insecure: boolean
}

/** @throws UsageError */
export async function readTlsArguments (values: Values): Promise<TlsArguments> {
  const servername = textOf(values, 'servername')
  const caPath = textOf(values, 'ca')
  const timeout = readTimeout(values)
  if (servername !== undefined && !/^[a-z0-9_*.-]{1,253}$/i.test(servername)) {
    throw new UsageError(`--servername is ${JSON.stringify(servername)}; expected a host name`)
  }
  const alpn = textsOf(values, 'alpn')
  const anchors = caPath === undefined
    ? []
    : await readCertificateFile(caPath, '--ca ', 'CA certificates, PEM')
  const certPath = textOf(values, 'cert')
  const keyPath = textOf(values, 'key')
  if ((certPath === undefined) !== (keyPath === undefined)) {
    throw new UsageError(`--${certPath === undefined ? 'cert' : 'key'} is missing; --cert and --key belong together`)
  }
  const own = certPath === undefined || keyPath === undefined
    ? undefined
    : await readOwnFiles(certPath, keyPath, textOf(values, 'passphrase-file'))
  return {
    options: {
      servername,
      alpn: alpn.length === 0 ? PORT_PROTOCOLS : alpn,
      ca: caPath === undefined ? undefined : anchors.map((der) => encodePem(der)).join(''),
      timeout
    },
    trust: caPath === undefined ? 'the public CAs of Node' : `--ca ${caPath}`,
    anchors,
    own,
    insecure: values['insecure'] === true
  }
}

/** The option `--timeout`. @throws UsageError */
export function readTimeout (values: Values): number {
  const text = textOf(values, 'timeout') ?? '10s'
  const timeout = readDuration(text, 'timeout')
  if (timeout <= MAX_TIMEOUT) return timeout
  throw new UsageError(`--timeout is ${JSON.stringify(text)}; expected at most 10m`)
}

/** Parses `https://host[:port][/path]`, `host:port` or `[address]:port`. Undefined for anything else. */
export function readTarget (text: string): Target | undefined {
  const isUrl = /^https:\/\//i.test(text)
  if (!isUrl && !/^([^\s/?#@[\]:]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(text)) return undefined
  let url: URL
  try {
    url = new URL(isUrl ? text : `https://${text}`)
  } catch {
    return undefined
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 443 : Number(url.port)
  if (host === '' || port === 0 || url.username !== '' || url.password !== '') return undefined
  return {
    host,
    port,
    authority: isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`,
    path: `${url.pathname}${url.search}`
  }
}

/** @throws UsageError */
export function requireTarget (text: string): Target {
  const target = readTarget(text)
  if (target === undefined) {
    throw new UsageError(`found ${JSON.stringify(text)}; expected https://host[:port][/path] or host:port`)
  }
  return target
}
