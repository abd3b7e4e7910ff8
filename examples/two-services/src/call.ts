import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { Agent } from 'node:https'
import type { Paths } from './mint.ts'

export interface Answer { readonly status: number, readonly body: string, readonly reused: boolean }

export interface Call {
  readonly url: string
  readonly ca: string
  /** Default: none, and the call gets a new connection. */
  readonly agent?: Agent
  /** Sent as JSON, with POST. */
  readonly json?: unknown
}

/** One HTTPS call with Node's own client. If `material` is undefined, it presents no certificate. */
export async function callAs (material: Paths | undefined, { url, ca, agent, json }: Call): Promise<Answer> {
  const tls = material === undefined ? {} : { cert: readFileSync(material.cert), key: readFileSync(material.key) }
  const method = json === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' } }
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, { ...tls, ...method, ca: readFileSync(ca), agent: agent ?? false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => { body += chunk })
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, body, reused: outgoing.reusedSocket }) })
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(json === undefined ? undefined : JSON.stringify(json))
  })
}

/** The outcome of a call in one line: the status and error code, or why there was no answer. */
export async function describeCall (call: Promise<Answer>): Promise<string> {
  try {
    const { status, body } = await call
    const code = /"code":"([A-Z_]+)"/.exec(body)?.[1]
    return code === undefined ? String(status) : `${status} ${code}`
  } catch (error) {
    return `refused (${(error as NodeJS.ErrnoException).code ?? String(error)})`
  }
}
