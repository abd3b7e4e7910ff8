import { createPrivateKey, generateKeyPair, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { link, open, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { FileUnreadableError, describeContent, readBounded } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../errors.ts'
import { EXPECTED_KEY, accountSigner, canSign } from './jws.ts'
import type { AccountSigner } from './jws.ts'

/** Where the key of an account is. One of the two. */
export interface AccountKeyOptions {
  /** The private key: a KeyObject, or PEM. */
  readonly key?: KeyObject | string | Uint8Array | undefined
  /**
   * Path of a file with the private key in PEM. If there is none, a key is made and stored there, readable by its owner
   * only (mode 0600). Processes that start together use the same key. A file that others may read is refused.
   */
  readonly keyFile?: string | undefined
}

/** No key in PEM is longer. */
const MAX_OCTETS = 65_536
const OWNER_ONLY = 0o600
/** The permissions of the group and of others. */
const OF_OTHERS = 0o077

/**
 * Reads the key of an account, and makes it if its file is not there yet.
 *
 * @param path of the option, for errors: `account`
 * @throws IssuerOptionError
 */
export async function loadAccountKey ({ key, keyFile }: AccountKeyOptions, path: string): Promise<AccountSigner> {
  if (keyFile === undefined) {
    const given = key as KeyObject | string | Uint8Array
    return signerOf(readKey(given, `${path}.key`), `${path}.key`)
  }
  const name = `${path}.keyFile ${JSON.stringify(keyFile)}`
  const pem = await readKeyFile(keyFile, name) ?? await makeKeyFile(keyFile, name)
  return signerOf(readKey(pem, name), name)
}

/** @throws IssuerOptionError. It never shows the key */
export function readKey (key: KeyObject | string | Uint8Array, name: string): KeyObject {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) return key
  try {
    return createPrivateKey(typeof key === 'string' ? key : Buffer.from(key))
  } catch {
    const text = typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
    const isPem = text.includes('-----BEGIN')
    const found = isPem ? 'PEM that is no private key, or has a passphrase' : describeContent(text)
    throw new IssuerOptionError(`${name} is ${found}; expected ${EXPECTED_KEY}, in PEM without a passphrase`)
  }
}

function signerOf (key: KeyObject, name: string): AccountSigner {
  if (canSign(key)) return accountSigner(key)
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const details = namedCurve ?? (modulusLength === undefined ? undefined : `${modulusLength} bits`)
  const shown = `a ${key.type} key of type ${String(key.asymmetricKeyType)}`
  const found = details === undefined ? shown : `${shown} (${details})`
  throw new IssuerOptionError(`${name} is ${found}; expected ${EXPECTED_KEY}`)
}

/** @returns undefined if there is no file. @throws IssuerOptionError */
async function readKeyFile (file: string, name: string): Promise<Buffer | undefined> {
  try {
    const bytes = await readBounded(file, { maxBytes: MAX_OCTETS })
    checkMode((await stat(file)).mode, name)
    return bytes
  } catch (error) {
    if (error instanceof IssuerOptionError) throw error
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
    if (cause?.code === 'ENOENT') return undefined
    const found = error instanceof FileUnreadableError ? error.found : (error as NodeJS.ErrnoException).code
    throw new IssuerOptionError(`${name}: found ${String(found)}; expected a file with a private key in PEM`)
  }
}

/** Windows has no such permissions. @throws IssuerOptionError */
function checkMode (mode: number, name: string): void {
  if ((mode & OF_OTHERS) === 0 || process.platform === 'win32') return
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  throw new IssuerOptionError(`${name} has the mode ${shown}: others may read or change it; expected 0600 or 0400. ` +
    'If nobody has read it, run chmod 600; otherwise replace the key')
}

/**
 * Makes the file. It is written whole under another name, and gets its own by a link, which fails if another process
 * was faster: then that key counts. So nobody reads half of a key, and two processes never use two keys.
 */
async function makeKeyFile (file: string, name: string): Promise<Buffer> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const pem = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const draft = `${file}.${randomUUID()}`
  try {
    const handle = await open(draft, 'wx', OWNER_ONLY)
    try {
      await handle.writeFile(pem)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, file)
    return pem
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const other = code === 'EEXIST' ? await readKeyFile(file, name) : undefined
    if (other !== undefined) return other
    throw new IssuerOptionError(`${name} cannot be made: ${String(code)}; expected a folder that this process may ` +
      `write to: ${JSON.stringify(dirname(file))}`)
  } finally {
    await unlink(draft).catch(() => {})
  }
}
