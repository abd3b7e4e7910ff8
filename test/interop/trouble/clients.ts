// The clients of docs/trouble.md. Each makes one call, and gives what its user sees.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryCredentials } from '@peerkit/credentials'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { runOnce } from '../chains/programs.ts'
import { requireTool } from '../require-tool.ts'

export interface Client {
  /** As in the tables of the document. */
  readonly name: string
  /** Whether it takes any certificate, also one that cannot be accepted. */
  readonly takesAny: boolean
  call (url: string, folder: string): Promise<string>
}

/** Compiles what is to be compiled, into `folder`. */
export function findClients (folder: string): Client[] {
  const curl = requireTool('curl')
  const java = requireTool('java')
  const python = requireTool('python3')
  const source = (name: string): string => join(import.meta.dirname, name)
  execFileSync(requireTool('javac'), ['-d', folder, source('Call.java')])
  const go = join(folder, 'go-call')
  const offline = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off' }
  execFileSync(requireTool('go'), ['build', '-o', go, source('call.go')], { env: offline })
  const node = (kind: string): Client['call'] => async (url, own) => {
    return await runOnce(process.execPath, ['--disable-warning=ExperimentalWarning', source('call.ts'), url, own, kind])
  }
  const foreign: Array<readonly [name: string, call: Client['call']]> = [
    ['curl', async (url, own) => await runOnce(curl, ['-q', '-sS', ...curlOptions(own), url])],
    ['`node:https`', node('https')],
    ['`fetch` of Node, undici', node('fetch')],
    ['Go', async (url, own) => await runOnce(go, [url, own])],
    ['Java', async (url, own) => await runOnce(java, ['-cp', folder, 'Call', url, own])],
    ['Python', async (url, own) => await runOnce(python, [source('call.py'), url, own])]
  ]
  return [
    ...foreign.map(([name, call]) => ({ name, call, takesAny: true })),
    { name: 'undici-mtls', call: callByAgent, takesAny: false }
  ]
}

function curlOptions (folder: string): string[] {
  const cert = join(folder, 'cert.pem')
  const own = existsSync(cert) ? ['--cert', cert, '--key', join(folder, 'key.pem')] : []
  return ['-w', '\n%{http_code}', '--cacert', join(folder, 'ca.pem'), ...own]
}

/** Our own agent. It does not start with a certificate that is of no use, such as an expired one. */
async function callByAgent (url: string, folder: string): Promise<string> {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const credentials = memoryCredentials({ cert: read('cert.pem'), key: read('key.pem'), ca: read('ca.pem') })
  const agent = new MtlsAgent({ credentials })
  try {
    const { statusCode, body } = await agent.request(url)
    await body.dump()
    return String(statusCode)
  } catch (error) {
    const { code, reason } = error as { code?: string, reason?: string }
    return `${String(code)} ${String(reason)}`
  } finally {
    await agent.close()
    await credentials.close()
  }
}
