import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readCertificate } from '@peerkit/identity/x509'
import { openCa, stateOf } from './create-dev-ca.ts'
import type { CaState, DevCa } from './create-dev-ca.ts'
import { MTLS_ERR_DEV_CA_STATE } from './errors.ts'
import { withFolderLock } from './folder-lock.ts'
import type { LockOptions } from './folder-lock.ts'
import { placeFile } from './place-file.ts'
import { readKeyPair } from './read-key-pair.ts'
import type { Revocation } from './sign-crl.ts'

const CERTIFICATE = 'ca.pem'
const KEY = 'ca.key'
const CHAIN = 'chain.pem'
const ROOT = 'root.pem'
const STATE = 'state.json'
/** As `placeFile` names what it has not finished. */
const LEFT = /^(ca|root|chain|state|crl)\.(pem|key|json)\.[0-9a-f-]{36}\.new$/

interface StoredState { readonly version: 1, readonly crlNumber: number, readonly revocations: ReadonlyArray<Omit<Revocation, 'date'> & { readonly date: string }> }

type SavedState = Pick<CaState, 'crlNumber' | 'revocations'>

/** A CA that lives in a folder. */
export interface StoredDevCa extends DevCa {
  readonly folder: string
  /** Writes the CRL number and the revocations back, and takes up what other processes have saved since. */
  save (): Promise<void>
}

/** Puts a CA into a folder: `ca.pem`, `ca.key` (0600), `root.pem`, `chain.pem`, `state.json`. @throws MTLS_ERR_DEV_CA_STATE where one is there already and `force` is not set */
export async function storeDevCa (ca: DevCa, folder: string, options: { readonly force?: boolean } = {}): Promise<StoredDevCa> {
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
 * Opens the CA of a folder, runs an operation on it and saves it, while no other process can do the same: numbers of CRLs are given once, and no revocation is lost.
 * Where the operation fails nothing is saved, but what it saved itself.
 *
 * @throws MTLS_ERR_DEV_CA_STATE as `openDevCa`, or where another process holds the folder for more than 10 seconds
 */
export async function updateDevCa<Result> (folder: string, run: (ca: StoredDevCa) => Promise<Result> | Result, options: LockOptions = {}): Promise<Result> {
  // Opened once without the lock: where there is no CA there may be no folder to lock.
  await openDevCa(folder)
  return await withFolderLock(folder, async () => {
    await sweep(folder)
    const ca = await openDevCa(folder)
    const save = async (): Promise<void> => { await saveState(stateOf(ca), folder) }
    // The lock is held: its own `save` would wait for it.
    const result = await run(Object.assign(ca, { save }))
    await save()
    return result
  }, options)
}

/** Opens the CA of a folder. @throws MTLS_ERR_DEV_CA_STATE where there is none, or a file of it cannot be read */
export async function openDevCa (folder: string): Promise<StoredDevCa> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), 'utf8')
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException
      throw new MTLS_ERR_DEV_CA_STATE(`${join(folder, name)}: found ${code === 'ENOENT' ? 'no such file' : code}; expected a CA there (make one with "peerkit ca init --dir ${folder}")`)
    }
  }
  const [certificate, key, root, chain, stored] = await Promise.all([CERTIFICATE, KEY, ROOT, CHAIN, STATE].map(read))
  const { crlNumber, revocations } = decodeState(stored ?? '', join(folder, STATE))
  const own = readOwnCertificate(certificate ?? '', key ?? '', folder)
  const state: CaState = {
    ...own,
    keys: await readKeyPair(key ?? '', join(folder, KEY)),
    root: root ?? '',
    chain: chain ?? '',
    crlNumber,
    revocations
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

/** Removes what a process left that was killed while it wrote: under the lock nobody else writes these. One of them may be a key. */
async function sweep (folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => LEFT.test(name))
  await Promise.all(left.map(async (name) => { await rm(join(folder, name), { force: true }) }))
}

async function saveState (state: CaState, folder: string): Promise<void> {
  await placeFile(join(folder, STATE), encodeState(state), { force: true })
}

/** What others saved since. A revocation of ours is in none of their CRLs: as far as deltas go, it came after the last of those. */
function takeUp (state: CaState, { crlNumber, revocations }: SavedState): void {
  for (const [serialNumber, entry] of state.revocations) {
    if (!revocations.has(serialNumber)) state.revocations.set(serialNumber, { ...entry, after: Math.max(entry.after, crlNumber) })
  }
  for (const [serialNumber, entry] of revocations) {
    if (!state.revocations.has(serialNumber)) state.revocations.set(serialNumber, entry)
  }
  state.crlNumber = Math.max(state.crlNumber, crlNumber)
}

/** A folder that was replaced half-way has the key of one CA and the certificate of another: nothing it signs would verify. */
function readOwnCertificate (pem: string, key: string, folder: string): Pick<CaState, 'der' | 'name'> {
  let matches: boolean
  let own: Pick<CaState, 'der' | 'name'>
  try {
    const node = new X509Certificate(pem)
    matches = node.checkPrivateKey(createPrivateKey(key))
    own = { der: node.raw, name: readCertificate(node.raw).subjectRaw }
  } catch {
    throw new MTLS_ERR_DEV_CA_STATE(`${join(folder, CERTIFICATE)} or ${join(folder, KEY)} cannot be read; expected the PEM that peerkit wrote there`)
  }
  if (!matches) throw new MTLS_ERR_DEV_CA_STATE(`${join(folder, KEY)} is not the key of ${join(folder, CERTIFICATE)}; make the CA anew`)
  return own
}

function encodeState ({ crlNumber, revocations }: CaState): string {
  return JSON.stringify({ version: 1, crlNumber, revocations: [...revocations.values()] }, null, 2) + '\n'
}

function decodeState (text: string, where: string): SavedState {
  try {
    const { version, crlNumber, revocations } = JSON.parse(text) as StoredState
    if (version === 1 && Number.isSafeInteger(crlNumber) && Array.isArray(revocations) && revocations.every(isRevocation)) {
      return { crlNumber, revocations: new Map(revocations.map((entry) => [entry.serialNumber, { ...entry, date: new Date(entry.date) }])) }
    }
  } catch {}
  throw new MTLS_ERR_DEV_CA_STATE(`${where} cannot be read; expected the state that peerkit wrote there`)
}

function isRevocation (entry: unknown): boolean {
  const { serialNumber, date, after } = Object(entry)
  return /^([0-9a-f]{2})+$/.test(String(serialNumber)) && !Number.isNaN(Date.parse(date)) && Number.isSafeInteger(after)
}
