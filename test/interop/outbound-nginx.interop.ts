// Our dispatcher before nginx.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { folder, stopProgram, testForeignServer } from './outbound-suite.ts'
import { requireTool } from './require-tool.ts'

const nginx = requireTool('nginx')
// nginx lets the handshake pass and answers 400, so that it can say why: the request has been sent, by a client that trusts the server.
const refusal = { statusCode: 400, text: /The SSL certificate error/ }

async function isListening (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return await new Promise((resolve) => { socket.once('connect', () => { socket.destroy(); resolve(true) }).once('error', () => { resolve(false) }) })
}

testForeignServer('nginx', async (party, version) => {
  const place = mkdtempSync(join(folder, 'nginx-'))
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(place, name))
  const [port, log] = [await freePort(), join(place, 'access.log')]
  writeFileSync(join(place, 'nginx.conf'), `
    daemon off; master_process off; pid ${place}/nginx.pid; error_log ${place}/error.log;
    events {}
    http {
      client_body_temp_path ${place}/body; proxy_temp_path ${place}/proxy; fastcgi_temp_path ${place}/fastcgi; uwsgi_temp_path ${place}/uwsgi; scgi_temp_path ${place}/scgi;
      log_format served '$status $server_protocol $uri';
      access_log ${log} served;
      server {
        listen 127.0.0.1:${port} ssl http2;
        ssl_certificate ${party.cert}; ssl_certificate_key ${party.key}; ssl_client_certificate ${party.ca}; ssl_verify_client on; ssl_verify_depth 2;
        ssl_protocols TLSv${version}; ssl_session_cache shared:s:1m;
        location / { return 200 "$ssl_client_s_dn "; }
      }
    }`)
  const child = spawn(nginx, ['-p', place, '-c', join(place, 'nginx.conf')], { stdio: 'ignore' })
  while (child.exitCode === null && !await isListening(port)) await new Promise((resolve) => { setImmediate(resolve) })
  // A request that nginx itself refused is not counted: no handler saw it.
  const requests = (): string[] => existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter((line) => line.startsWith('200')) : []
  return { origin: `https://127.0.0.1:${port}`, requests, close: async () => { await stopProgram(child) } }
}, { echoes: false, resumes: { 1.2: true, 1.3: true }, refusal: { 1.2: refusal, 1.3: refusal }, http2: true })
