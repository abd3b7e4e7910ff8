// Each has one worker, because all processes of an answer share one core. Each allows one client by name, as the rules
// of Peerkit do, and forwards the client's identity to the app if it can.

/** Files that a gateway is configured from, by name in its folder. */
export interface GatewayFiles {
  readonly server: string
  readonly key: string
  readonly both: string
  readonly ca: string
  readonly config: string
  readonly folder: string
}

export interface Gateway {
  readonly name: string
  readonly program: string
  config (files: GatewayFiles, port: number, app: number): string
  args (files: GatewayFiles, port: number, app: number): readonly string[]
}

const NAME = 'client-7'
const SPIFFE = 'spiffe://bench.example/ns/pay/sa/client-7'

const nginx: Gateway = {
  name: 'nginx, ssl_verify_client',
  program: 'nginx',
  args: ({ config, folder }) => ['-p', folder, '-c', config, '-e', `${folder}/error.log`],
  config: ({ server, key, ca, folder }, port, app) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')}
  keepalive_requests 1000000000;
  map $ssl_client_s_dn $allowed { default 0; "~(^|,)CN=${NAME}(,|$)" 1; }
  upstream app { server 127.0.0.1:${app}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${server};
    ssl_certificate_key ${key};
    ssl_client_certificate ${ca};
    ssl_verify_client on;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {
      if ($allowed = 0) { return 403; }
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
      proxy_set_header X-Client-Verify $ssl_client_verify;
    }
  }
}
`
}

const haproxy: Gateway = {
  name: 'HAProxy, verify required',
  program: 'haproxy',
  args: ({ config }) => ['-db', '-f', config],
  config: ({ both, ca }, port, app) => `
global
  nbthread 1
  maxconn 2000
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:${port} ssl crt ${both} ca-file ${ca} verify required alpn http/1.1
  http-request deny unless { ssl_c_s_dn(CN) -m str ${NAME} }
  http-request set-header X-Client-Cert %[ssl_c_der,base64]
  default_backend app
backend app
  server app 127.0.0.1:${app}
`
}

const envoy: Gateway = {
  name: 'Envoy, RBAC by SPIFFE ID',
  program: 'envoy',
  args: ({ config }) => ['-c', config, '--concurrency', '1', '--log-level', 'error', '--disable-hot-restart'],
  config: ({ server, key, ca }, port, app) => JSON.stringify({
    static_resources: {
      listeners: [{
        name: 'in',
        address: { socket_address: { address: '127.0.0.1', port_value: port } },
        filter_chains: [{
          transport_socket: {
            name: 'envoy.transport_sockets.tls',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
              require_client_certificate: true,
              common_tls_context: {
                alpn_protocols: ['http/1.1'],
                tls_certificates: [{ certificate_chain: { filename: server }, private_key: { filename: key } }],
                validation_context: { trusted_ca: { filename: ca } }
              }
            }
          },
          filters: [{
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: 'in',
              codec_type: 'HTTP1',
              forward_client_cert_details: 'SANITIZE_SET',
              set_current_client_cert_details: { cert: true, uri: true },
              route_config: {
                virtual_hosts: [{
                  name: 'app', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }]
                }]
              },
              http_filters: [
                {
                  name: 'envoy.filters.http.rbac',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
                    rules: {
                      action: 'ALLOW',
                      policies: {
                        payments: {
                          permissions: [{ any: true }],
                          principals: [{ authenticated: { principal_name: { exact: SPIFFE } } }]
                        }
                      }
                    }
                  }
                },
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' }
                }
              ]
            }
          }]
        }]
      }],
      clusters: [{
        name: 'app',
        type: 'STATIC',
        load_assignment: {
          cluster_name: 'app',
          endpoints: [{
            lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: app } } } }]
          }]
        }
      }]
    }
  })
}

const ghostunnel: Gateway = {
  name: 'ghostunnel, by common name (the app does not learn which client)',
  program: 'ghostunnel',
  config: () => '',
  args: ({ server, key, ca }, port, app) => [
    'server', '--listen', `127.0.0.1:${port}`, '--target', `127.0.0.1:${app}`, '--cert', server, '--key', key,
    '--cacert', ca, '--allow-cn', NAME, '--quiet=all'
  ]
}

const stunnel: Gateway = {
  name: 'stunnel (any client of the CA; the app does not learn which)',
  program: 'stunnel',
  args: ({ config }) => [config],
  config: ({ server, key, ca, folder }, port, app) => `
foreground = yes
pid = ${folder}/stunnel.pid
debug = err
[app]
accept = 127.0.0.1:${port}
connect = 127.0.0.1:${app}
cert = ${server}
key = ${key}
CAfile = ${ca}
verifyChain = yes
`
}

export const gateways: readonly Gateway[] = [nginx, haproxy, envoy, ghostunnel, stunnel]
