// What a scenario works with. Each scenario is a process of its own: the engine keeps its module, its tokens and its login
// for as long as the process lives.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import type { Pkcs11Key } from '@peerkit/credentials'
import { Tokens } from './token.ts'
import type { KeyKind } from './token.ts'

export interface TokenKey {
  readonly id: string
  readonly publicKey: string
  readonly cert: string
  readonly key: Pkcs11Key
}

export interface ScenarioWorld {
  readonly folder: string
  readonly ca: DevCa
  readonly tokens: Tokens
  readonly token: string
  readonly pin: string
  readonly module: string
  /** How often the PIN was asked for. */
  readonly asked: { count: number }
  /** Makes a key pair in the token, and a certificate for it. */
  make (label: string, kind?: KeyKind, cn?: string): Promise<TokenKey>
}

/** @param folder empty, with the file `pin` alone */
export async function makeWorld (folder: string, module: string): Promise<ScenarioWorld> {
  const ca = await createDevCa()
  const pin = await readFile(join(folder, 'pin'), 'utf8')
  const tokens = await Tokens.create(folder, module, ca)
  process.env['SOFTHSM2_CONF'] = tokens.env['SOFTHSM2_CONF'] as string
  const token = 'ledger service'
  tokens.addToken(token, pin)
  const asked = { count: 0 }
  return {
    folder,
    ca,
    tokens,
    token,
    pin,
    module,
    asked,
    async make (label, kind, cn = label) {
      const made = await tokens.addKey(token, pin, label, kind)
      const readPin = async (): Promise<string> => {
        asked.count += 1
        return pin
      }
      const pkcs11 = `pkcs11:token=${encodeURIComponent(token)};object=${label};id=%${made.id}`
      return { ...made, cert: await tokens.certify(made.publicKey, cn), key: { pkcs11, module, pin: readPin } }
    }
  }
}

/** What an error says, without the message. */
export async function problemOf (attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'no error'
  } catch (error) {
    const { code, reason, message } = error as Error & { code?: string, reason?: string }
    return code?.startsWith('MTLS_') === true ? `${code} ${reason ?? ''}`.trim() : `${code ?? ''} ${message}`
  }
}
