import { readFile } from 'node:fs/promises'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { explain as explainRules } from '@peerkit/rules'
import { MTLS_ERR_DEV_CA_OPTION } from '../errors.ts'
import { describeFileError } from './certificate-file.ts'
import { textOf } from './command.ts'
import type { Command } from './command.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'say what rules make of a certificate, and why',
  options: {
    cert: { type: 'string', help: 'the certificate, PEM; its chain may follow', required: true },
    rules: { type: 'string', help: 'JSON: an array of rules, or { "rules": […], "clients": {…} }', required: true },
    json: { type: 'boolean', help: 'the whole explanation as JSON' }
  },
  run: async (values, print) => {
    const peer = await readPeer(textOf(values, 'cert') ?? '')
    const { rules, clients } = await readRules(textOf(values, 'rules') ?? '')
    const explanation = explainPeer(peer, rules, clients, textOf(values, 'rules') ?? '')
    print(values['json'] === true ? JSON.stringify(explanation, null, 2) + '\n' : `${String(explanation)}\n`)
    return explanation.verdict.allowed ? 0 : 1
  }
}

/** Wrong rules are a wrong command line (exit code 2): 1 says that the certificate is not allowed. */
function explainPeer (peer: PeerIdentity, rules: any, clients: any, file: string): ReturnType<typeof explainRules> {
  try {
    return explainRules(rules, peer, { groups: clients, groupsPath: 'clients' })
  } catch (error) {
    throw new MTLS_ERR_DEV_CA_OPTION(`--rules ${file}: ${(error as Error).message}`)
  }
}

async function readPeer (file: string): Promise<PeerIdentity> {
  const text = await readText('cert', file, 'a PEM certificate')
  try {
    const [leaf, ...chain] = decodePem(text)
    return parsePeerIdentity(leaf ?? new Uint8Array(), chain.length === 0 ? {} : { chain: chain.map((der) => parsePeerIdentity(der)) })
  } catch (error) {
    throw new MTLS_ERR_DEV_CA_OPTION(`--cert ${file}: ${(error as Error).message}; expected a PEM certificate`)
  }
}

async function readRules (file: string): Promise<{ rules: any, clients: any }> {
  const text = await readText('rules', file, 'JSON rules')
  try {
    const value = JSON.parse(text)
    return Array.isArray(value) ? { rules: value, clients: {} } : { rules: value.rules, clients: value.clients ?? {} }
  } catch (error) {
    throw new MTLS_ERR_DEV_CA_OPTION(`--rules ${file}: ${(error as Error).message}; expected JSON`)
  }
}

async function readText (option: string, file: string, expected: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new MTLS_ERR_DEV_CA_OPTION(`--${option} ${file}: ${describeFileError(error)}; expected ${expected}`)
  }
}
