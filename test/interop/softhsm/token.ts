// Tokens of SoftHSM2 in a folder of their own, and certificates for the keys in them.
import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DevCa } from '@peerkit/dev-ca'
import { signFor } from '@peerkit/test-support/certificates'

const DAY = 86_400_000

export type KeyKind = 'EC:prime256v1' | 'rsa:2048'

/** The tokens of one test. */
export class Tokens {
  readonly folder: string
  readonly module: string
  readonly #ca: DevCa
  #keys = 0

  private constructor (folder: string, module: string, ca: DevCa) {
    this.folder = folder
    this.module = module
    this.#ca = ca
  }

  static async create (folder: string, module: string, ca: DevCa): Promise<Tokens> {
    await mkdir(join(folder, 'tokens'))
    await writeFile(join(folder, 'softhsm2.conf'), [
      `directories.tokendir = ${join(folder, 'tokens')}`, 'objectstore.backend = file', 'log.level = ERROR', ''
    ].join('\n'))
    return new Tokens(folder, module, ca)
  }

  /** What the module needs in the environment. */
  get env (): NodeJS.ProcessEnv { return { ...process.env, SOFTHSM2_CONF: join(this.folder, 'softhsm2.conf') } }

  addToken (label: string, pin: string): void {
    this.#run('softhsm2-util', ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', `so-${pin}`])
  }

  /** Makes a key pair in a token, and returns its public key, SPKI in PEM. */
  async addKey (token: string, pin: string, label: string, kind: KeyKind = 'EC:prime256v1'): Promise<{ id: string, publicKey: string }> {
    this.#keys += 1
    const id = this.#keys.toString(16).padStart(2, '0')
    this.#tool(token, pin, ['--keypairgen', '--key-type', kind, '--id', id, '--label', label])
    const path = join(this.folder, `${id}.spki`)
    this.#tool(token, pin, ['--read-object', '--type', 'pubkey', '--id', id, '--output-file', path])
    const publicKey = createPublicKey({ key: await readFile(path), format: 'der', type: 'spki' })
    return { id, publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string }
  }

  removeKey (token: string, pin: string, id: string): void {
    for (const type of ['privkey', 'pubkey']) this.#tool(token, pin, ['--delete-object', '--type', type, '--id', id])
  }

  /** A certificate for a key in a token. */
  async certify (publicKey: string, cn: string): Promise<string> {
    const now = Date.now()
    return await signFor(this.#ca, publicKey, { notBefore: now - DAY, notAfter: now + DAY, cn, dns: 'localhost' })
  }

  #tool (token: string, pin: string, args: readonly string[]): void {
    this.#run('pkcs11-tool', ['--module', this.module, '--token-label', token, '--login', '--pin', pin, ...args])
  }

  #run (command: string, args: readonly string[]): void {
    execFileSync(command, args, { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] })
  }
}
