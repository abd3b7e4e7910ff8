import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readCertificate } from '@peerkit/identity/x509'
import { readKeyPair } from '../certificate/key-pair.ts'
import { openCa, stateOf } from '../create-dev-ca.ts'
import type { CaState, DevCa } from '../create-dev-ca.ts'
import { DevCaStateError } from '../errors.ts'
import { placeFile } from './files.ts'
import { withFolderLock } from './folder-lock.ts'
import type { LockOptions } from './folder-lock.ts'
import { decodeState, encodeState, takeUp } from './state-file.ts'

const CERTIFICATE = 'ca.pem'
const KEY = 'ca.key'
const CHAIN = 'chain.pem'
const ROOT = 'root.pem'
const STATE = 'state.json'
/** Unfinished files of `placeFile`. */
const LEFT = /^(ca|root|chain|state|crl)\.(pem|key|json)\.[0-9a-f-]{36}\.new$/

/** A CA that is stored in a folder. */
export interface StoredDevCa extends DevCa {
  readonly folder: string
  /**
   * Writes the CRL number, the issued serial numbers and the revocations, and merges them with those that other
   * processes have saved.
   */
  save (): Promise<void>
}

/**
 * Writes a CA to a folder: `ca.pem`, `ca.key` (0600), `root.pem`, `chain.pem` and `state.json`. The key is not
 * encrypted.
 *
 * @param ca the CA to write
 * @param folder created with mode 0700 if it does not exist
 * @param options `force`: replace a CA that exists there; default false
 * @returns the stored CA
 * @throws DevCaStateError if the folder has a CA and `force` is not set, or if it is locked
 * @example
 * ```ts
 * const stored = await storeDevCa(await createDevCa(), 'stored-pki', { force: true })
 * stored.revoke(await stored.issue({ cn: 'bob' }))
 * await stored.save()
 * ```
 */
export async function storeDevCa (
  ca: DevCa,
  folder: string,
  options: { readonly force?: boolean } = {}
): Promise<StoredDevCa> {
  const { force = false } = options
  const state = stateOf(ca)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return await withFolderLock(folder, async () => {
    await sweep(folder)
    await placeFile(join(folder, KEY), ca.key, { mode: 0o600, force })
    await placeFile(join(folder, CERTIFICATE), ca.certificate, { force: true })
    await placeFile(join(folder, ROOT), ca.root, { force: true })
    await placeFile(join(folder, CHAIN), ca.chain, { force: true })
    await placeFile(join(folder, STATE), encodeState(state), { force: true })
    return await openDevCa(folder)
  })
}

/**
 * Locks a folder, opens its CA, runs an operation and saves the CA. The lock makes sure that each CRL number is used
 * once and that no revocation is lost. If the operation throws, the CA is not saved.
 *
 * @param folder the folder of {@link storeDevCa}
 * @param run the operation
 * @param options `wait`: how long to wait for the lock, in milliseconds; default 10,000
 * @returns the result of the operation
 * @throws DevCaStateError as {@link openDevCa}, or if the lock is not released in time
 * @example
 * ```ts
 * await storeDevCa(ca, 'updated-pki', { force: true })
 * const crl = await updateDevCa('updated-pki', async (stored) => {
 *   stored.revoke(client, { reason: 'keyCompromise' })
 *   return await stored.crl()
 * })
 * console.log(crl.number)
 * ```
 */
export async function updateDevCa<Result> (
  folder: string,
  run: (ca: StoredDevCa) => Promise<Result> | Result,
  options: LockOptions = {}
): Promise<Result> {
  // Opened once without the lock, because the folder may not exist.
  await openDevCa(folder)
  return await withFolderLock(folder, async () => {
    await sweep(folder)
    const ca = await openDevCa(folder)
    const save = async (): Promise<void> => { await saveState(stateOf(ca), folder) }
    // The `save` of the CA would wait for the lock, which is held here.
    const result = await run(Object.assign(ca, { save }))
    await save()
    return result
  }, options)
}

/**
 * Reads a CA from a folder. To change it, prefer {@link updateDevCa}.
 *
 * @param folder the folder of {@link storeDevCa}
 * @returns the CA; its `save()` writes revocations and the CRL number back
 * @throws DevCaStateError if the folder has no CA, or if a file cannot be read
 * @example
 * ```ts
 * await storeDevCa(ca, 'opened-pki', { force: true })
 * const stored = await openDevCa('opened-pki')
 * const { chain, key } = await stored.issue({ cn: 'carol' })
 * ```
 */
export async function openDevCa (folder: string): Promise<StoredDevCa> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), 'utf8')
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException
      throw new DevCaStateError(
        `${join(folder, name)}: found ${code === 'ENOENT' ? 'no such file' : code}; expected a CA (create ` +
          `one with "peerkit ca init --dir ${folder}")`,
        { cause: error }
      )
    }
  }
  const [certificate, key, root, chain, stored] = await Promise.all([CERTIFICATE, KEY, ROOT, CHAIN, STATE].map(read))
  const { crlNumber, revocations, issued } = decodeState(stored ?? '', join(folder, STATE))
  const own = readOwnCertificate(certificate ?? '', key ?? '', folder)
  const state: CaState = {
    ...own,
    keys: await readKeyPair(key ?? '', join(folder, KEY)),
    root: root ?? '',
    chain: chain ?? '',
    crlNumber,
    revocations,
    issued
  }
  return Object.assign(openCa(state), {
    folder,
    save: async () => {
      await withFolderLock(folder, async () => {
        takeUp(state, decodeState(await read(STATE), join(folder, STATE)))
        await saveState(state, folder)
      })
    }
  })
}

/**
 * Removes unfinished files of a process that was killed. One of them may be a key. Under the lock no other process
 * writes such files.
 */
async function sweep (folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => LEFT.test(name))
  await Promise.all(left.map(async (name) => { await rm(join(folder, name), { force: true }) }))
}

async function saveState (state: CaState, folder: string): Promise<void> {
  await placeFile(join(folder, STATE), encodeState(state), { force: true })
}

/**
 * Checks that key and certificate belong together. A folder that was replaced only in part has those of two CAs, and
 * its signatures would be invalid.
 */
function readOwnCertificate (pem: string, key: string, folder: string): Pick<CaState, 'der' | 'name'> {
  let matches: boolean
  let own: Pick<CaState, 'der' | 'name'>
  try {
    const node = new X509Certificate(pem)
    matches = node.checkPrivateKey(createPrivateKey(key))
    own = { der: node.raw, name: readCertificate(node.raw).subjectRaw }
  } catch {
    throw new DevCaStateError(
      `${join(folder, CERTIFICATE)} or ${join(folder, KEY)} cannot be read; expected the PEM that peerkit wrote`
    )
  }
  if (!matches) {
    throw new DevCaStateError(
      `${join(folder, KEY)} is not the key of ${join(folder, CERTIFICATE)}; create the CA again`
    )
  }
  return own
}
