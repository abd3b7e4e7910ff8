// Every server, with the settings by which it demands a certificate of each client, and what it makes of each kind.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findTool } from '../require-tool.ts'
import type { Verdict } from './call.ts'
import { startNode, startPeerkit } from './peerkit.ts'
import { startProcess } from './start-process.ts'
import type { Running } from './start-process.ts'
import { files, folder } from './world.ts'
import type { ClientKind } from './world.ts'

export interface Server {
  /** With the setting that demands a certificate; Markdown. */
  readonly name: string
  /** Programs without which it cannot be started. */
  readonly needs: readonly string[]
  readonly verdicts: Readonly<Record<ClientKind, Verdict>>
  /** What its log says of a leaf that is for servers alone. */
  readonly says: string
  start (): Promise<Running>
}

/** The leaf decides, and each CA above it that names purposes at all. */
const everyCertificate: Server['verdicts'] = {
  'server, any': 'refused', 'server, server': 'refused', 'client, any': 'accepted', 'client, server': 'refused'
}
/** The leaf alone decides. */
const leafAlone: Server['verdicts'] = { ...everyCertificate, 'client, server': 'accepted' }

// One release calls it unsupported, another unsuitable.
const OPENSSL_SAYS = 'certificate purpose'
/** X509_V_ERR_INVALID_PURPOSE */
const OPENSSL_NUMBER = 26
const GO_SAYS = 'x509: certificate specifies an incompatible key usage'
const { cert, key, both, ca } = files
const tool = (name: string): string => findTool(name) ?? name

function write (run: string, name: string, text: string): string {
  const path = join(run, name)
  writeFileSync(path, text)
  return path
}

const dayFromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

export const servers: readonly Server[] = [
  {
    name: '`node:https`, `rejectUnauthorized`',
    needs: [],
    verdicts: everyCertificate,
    says: 'INVALID_PURPOSE',
    start: startNode
  },
  {
    name: '`openssl s_server -Verify 2 -verify_return_error`',
    needs: ['openssl'],
    verdicts: everyCertificate,
    says: OPENSSL_SAYS,
    start: async () => await startProcess('openssl', (port) => [
      tool('openssl'), 's_server', '-accept', `127.0.0.1:${port}`, '-cert', cert, '-key', key, '-CAfile', ca,
      '-Verify', '2', '-verify_return_error', '-www'
    ])
  },
  {
    name: 'nginx, `ssl_verify_client on`',
    needs: ['nginx'],
    verdicts: everyCertificate,
    says: OPENSSL_SAYS,
    start: async () => await startProcess('nginx', (port, run) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      for (const name of temporary) mkdirSync(join(run, name))
      const config = write(run, 'nginx.conf', `
        daemon off; master_process off; pid ${run}/nginx.pid; error_log stderr info;
        events {}
        http {
          ${temporary.map((name) => `${name}_temp_path ${run}/${name};`).join(' ')}
          access_log off;
          server {
            listen 127.0.0.1:${port} ssl;
            ssl_certificate ${cert}; ssl_certificate_key ${key};
            ssl_client_certificate ${ca}; ssl_verify_client on; ssl_verify_depth 3;
            location / { return 200 ok; }
          }
        }`)
      return [tool('nginx'), '-p', run, '-c', config]
    })
  },
  {
    name: 'HAProxy, `verify required`',
    needs: ['haproxy'],
    verdicts: everyCertificate,
    says: `error ${OPENSSL_NUMBER}`,
    start: async () => await startProcess('HAProxy', (port, run) => {
      const config = write(run, 'haproxy.cfg', `
global
  log stdout format raw local0
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend clients
  log global
  error-log-format "leaf: error %[ssl_c_err], CA: error %[ssl_c_ca_err]"
  bind 127.0.0.1:${port} ssl crt ${both} ca-file ${ca} verify required
  http-request return status 200 content-type text/plain string ok
`)
      return [tool('haproxy'), '-db', '-f', config]
    })
  },
  {
    name: 'Apache httpd, `SSLVerifyClient require`',
    needs: ['apache2'],
    verdicts: everyCertificate,
    says: OPENSSL_SAYS,
    start: async () => await startProcess('Apache', (port, run, log) => {
      mkdirSync(join(run, 'www'))
      write(run, 'www/index.html', 'ok')
      const modules = ['mpm_event', 'authz_core', 'dir', 'ssl'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
      const config = write(run, 'httpd.conf', `
ServerRoot ${run}
PidFile ${run}/httpd.pid
ErrorLog ${log}
LogLevel info
ServerName localhost
Listen 127.0.0.1:${port}
${modules.join('\n')}
DocumentRoot ${run}/www
DirectoryIndex index.html
SSLEngine on
SSLCertificateFile ${cert}
SSLCertificateKeyFile ${key}
SSLCACertificateFile ${ca}
SSLVerifyClient require
SSLVerifyDepth 3
`)
      return [tool('apache2'), '-X', '-f', config]
    })
  },
  {
    name: 'Envoy, `require_client_certificate`',
    needs: ['envoy'],
    verdicts: everyCertificate,
    says: 'unsupported_certificate_purpose',
    start: async () => await startProcess('Envoy', (port, run) => {
      const type = 'type.googleapis.com/envoy.extensions'
      const config = write(run, 'envoy.yaml', `
static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
      access_log:
        - name: envoy.access_loggers.stderr
          typed_config:
            '@type': ${type}.access_loggers.stream.v3.StderrAccessLog
            log_format: { text_format_source: { inline_string: "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%\\n" } }
      filter_chains:
        - transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              '@type': ${type}.transport_sockets.tls.v3.DownstreamTlsContext
              require_client_certificate: true
              common_tls_context:
                tls_certificates: [{ certificate_chain: { filename: '${cert}' }, private_key: { filename: '${key}' } }]
                validation_context: { trusted_ca: { filename: '${ca}' } }
          filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                '@type': ${type}.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: clients
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ['*']
                      routes: [{ match: { prefix: / }, direct_response: { status: 200, body: { inline_string: ok } } }]
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: { '@type': ${type}.filters.http.router.v3.Router }
`)
      return [
        tool('envoy'), '-c', config, '--log-level', 'warning', '--concurrency', '1', '--file-flush-interval-msec', '20',
        '--base-id', String(process.pid % 30_000)
      ]
    })
  },
  {
    name: 'Go `crypto/tls`, `RequireAndVerifyClientCert`',
    needs: ['go'],
    verdicts: everyCertificate,
    says: GO_SAYS,
    start: async () => {
      const binary = join(folder, 'go-server')
      // The standard library alone: nothing is fetched.
      const offline = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off' }
      execFileSync(tool('go'), ['build', '-o', binary, join(import.meta.dirname, 'server.go')], { env: offline })
      return await startProcess('Go', (port) => [binary, `127.0.0.1:${port}`, cert, key, ca])
    }
  },
  {
    name: 'Caddy, `require_and_verify`',
    needs: ['caddy'],
    verdicts: everyCertificate,
    says: GO_SAYS,
    start: async () => await startProcess('Caddy', (port, run) => {
      const config = write(run, 'Caddyfile', `
{
  admin off
  auto_https off
  debug
}

:${port} {
  bind 127.0.0.1
  tls ${cert} ${key} {
    client_auth {
      mode require_and_verify
      trusted_ca_cert_file ${ca}
    }
  }
  respond ok
}
`)
      return [tool('caddy'), 'run', '--adapter', 'caddyfile', '--config', config]
    })
  },
  {
    name: 'Traefik, `RequireAndVerifyClientCert`',
    needs: ['traefik'],
    verdicts: everyCertificate,
    says: GO_SAYS,
    start: async () => await startProcess('Traefik', (port, run) => {
      const config = write(run, 'traefik.yaml', `
tls:
  stores:
    default:
      defaultCertificate: { certFile: '${cert}', keyFile: '${key}' }
  options:
    default:
      clientAuth: { caFiles: ['${ca}'], clientAuthType: RequireAndVerifyClientCert }
http:
  routers:
    all: { entryPoints: [clients], rule: 'PathPrefix(\`/\`)', service: ping@internal, tls: {} }
`)
      return [
        tool('traefik'), `--entryPoints.clients.address=127.0.0.1:${port}`, `--providers.file.filename=${config}`,
        '--providers.file.watch=false', '--ping=true', '--ping.manualRouting=true', '--log.level=DEBUG',
        '--global.checkNewVersion=false', '--global.sendAnonymousUsage=false'
      ]
    })
  },
  {
    name: 'Java JSSE, `setNeedClientAuth(true)`, PKIX',
    needs: ['javac', 'java', 'openssl'],
    verdicts: leafAlone,
    says: 'Extended key usage does not permit use for TLS client authentication',
    start: async () => {
      execFileSync(tool('javac'), ['-d', folder, join(import.meta.dirname, 'Server.java')])
      const keystore = join(folder, 'server.p12')
      execFileSync(tool('openssl'), ['pkcs12', '-export', '-in', cert, '-inkey', key, '-out', keystore, '-passout', 'pass:development'])
      return await startProcess('Java', (port) => [tool('java'), '-cp', folder, 'Server', String(port), keystore, ca])
    }
  },
  {
    name: 'Peerkit',
    needs: [],
    verdicts: everyCertificate,
    says: 'wrong_purpose',
    start: async () => await startPeerkit()
  },
  {
    name: 'Peerkit, `serverAuthOnly`, before the day',
    needs: [],
    verdicts: { ...everyCertificate, 'server, any': 'accepted', 'server, server': 'accepted' },
    says: 'it is accepted until acceptUntil',
    start: async () => await startPeerkit({ acceptUntil: dayFromNow(30) })
  },
  {
    name: 'Peerkit, `serverAuthOnly`, from the day on',
    needs: [],
    verdicts: everyCertificate,
    says: 'wrong_purpose',
    start: async () => await startPeerkit({ acceptUntil: dayFromNow(-1) })
  }
]
