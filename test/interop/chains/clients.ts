// The clients, each started once. Programs of ours around a library are given a line for each cell; curl and wget are
// run once for each.
import { execFileSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { requireTool } from '../require-tool.ts'
import { CALLS } from './plan.ts'
import { runOnce, startProgram } from './programs.ts'

export interface Client {
  readonly name: string
  /** Makes all calls with a new agent; gives a word for each: its status, or its error. */
  call (url: string, folder: string): Promise<readonly string[]>
  close (): Promise<void>
}

const sources = join(import.meta.dirname, '../clients')

/** Compiles what is to be compiled, into `folder`; finds every program, or ends the test file. */
export function findClients (folder: string): ReadonlyArray<{ readonly name: string, start (): Client }> {
  const curl = requireTool('curl')
  const wget = requireTool('wget')
  const python = requirePython(['requests', 'httpx'])
  const java = requireTool('java')
  execFileSync(requireTool('javac'), ['-d', folder, join(sources, 'Client.java')])
  const goClient = join(folder, 'go-client')
  // The standard library alone: nothing is fetched.
  const offline = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off' }
  execFileSync(requireTool('go'), ['build', '-o', goClient, join(sources, 'client.go')], { env: offline })

  const node = (name: string, kind: string): Entry =>
    program(name, process.execPath, ['--disable-warning=ExperimentalWarning', join(sources, 'client.ts'), kind])
  return [
    node('`node:https` Agent', 'https'),
    node('`node:https` Agent, `keepAlive`', 'https-keepalive'),
    node('axios', 'axios'),
    node('got', 'got'),
    node('undici Agent', 'undici'),
    node('`fetch` with an undici Agent', 'fetch'),
    command('curl', async (url, own) => readCurl(await runOnce(curl, [
      '-q', '-sS', '-o', '/dev/null', '-w', '%{http_code} %{exitcode} %{errormsg}\\n',
      '--cacert', join(own, 'ca.pem'), '--cert', join(own, 'cert.pem'), '--key', join(own, 'key.pem'),
      `${url}?[1-${CALLS}]`
    ]))),
    // It tries again by itself; here without a pause.
    command('wget', async (url, own) => readWget(await runOnce(wget, [
      '--no-config', '--no-hsts', '-S', '-O', '/dev/null', '--waitretry=0',
      `--ca-certificate=${own}/ca.pem`, `--certificate=${own}/cert.pem`, `--private-key=${own}/key.pem`,
      ...Array.from({ length: CALLS }, (_, index) => `${url}?${index + 1}`)
    ]))),
    program('Python requests', python, [join(sources, 'client.py'), 'requests']),
    program('Python urllib', python, [join(sources, 'client.py'), 'urllib']),
    program('Python httpx', python, [join(sources, 'client.py'), 'httpx']),
    program('Java HttpClient', java, ['-cp', folder, 'Client', 'HttpClient']),
    program('Java HttpsURLConnection', java, ['-cp', folder, 'Client', 'HttpsURLConnection']),
    program('Go net/http', goClient, ['plain']),
    program('Go net/http, session cache', goClient, ['cache'])
  ]
}

type Entry = ReturnType<typeof findClients>[number]

function program (name: string, file: string, args: readonly string[]): Entry {
  return {
    name,
    start: () => {
      const { ask, close } = startProgram(file, args)
      return { name, call: async (url, folder) => (await ask(`${url} ${folder} ${CALLS}`)).split(' '), close }
    }
  }
}

function command (name: string, call: Client['call']): Entry {
  return { name, start: () => ({ name, call, close: async () => {} }) }
}

/** A line for each call, as `-w` says. */
function readCurl (text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, status = '', exit, message = ''] = /^(\d{3}) (\d+) (.*)$/.exec(line) ?? []
    if (status === '') return []
    return [exit === '0' ? status : `exit_${exit}_${message.replaceAll(/\s+/g, '_')}`]
  })
}

/** The log: a line that begins with `--` and a time opens each try of an address. The last try of each counts. */
function readWget (text: string): string[] {
  const words = new Map<string, string>()
  for (const attempt of text.split(/^--(?=\d{4}-)/m).slice(1)) {
    const [, address = ''] = /^.*--.*?(https:\S+)/.exec(attempt) ?? []
    const [, status] = /^ +HTTP\/1\.1 (\d{3})/m.exec(attempt) ?? []
    words.set(address, status ?? attempt.trim().split('\n').slice(1).join(' ').replaceAll(/\s+/g, '_'))
  }
  return [...words.values()]
}

/** A Python that has the modules: the first of the PATH may be another one than the system's packages are for. */
function requirePython (modules: readonly string[]): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'python3')
    try {
      execFileSync(path, ['-c', `import ${modules.join()}`], { stdio: 'ignore' })
      return path
    } catch {}
  }
  return requireTool(`python3 with ${modules.join(' and ')}`)
}
