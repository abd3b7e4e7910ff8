import 'reflect-metadata'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { openCa } from './create-dev-ca.ts'
import type { CaState, DevCa } from './create-dev-ca.ts'
import { MTLS_ERR_DEV_CA_STATE } from './errors.ts'
import { placeFile } from './place-file.ts'
import { readKeyPair } from './read-key-pair.ts'
import type { Revocation } from './sign-crl.ts'

const CERTIFICATE = 'ca.pem'
const KEY = 'ca.key'
const CHAIN = 'chain.pem'
const ROOT = 'root.pem'
const STATE = 'state.json'

interface StoredState { readonly version: 1, readonly crlNumber: number, readonly revocations: ReadonlyArray<Omit<Revocation, 'date'> & { readonly date: string }> }

/** A CA that lives in a folder. */
export interface StoredDevCa extends DevCa {
  readonly folder: string
  /** Writes the CRL number and the revocations back. */
  save (): Promise<void>
}

/** Puts a CA into a folder: `ca.pem`, `ca.key` (0600), `root.pem`, `chain.pem`, `state.json`. @throws MTLS_ERR_DEV_CA_STATE where one is there already and `force` is not set */
export async function storeDevCa (ca: DevCa, folder: string, options: { readonly force?: boolean } = {}): Promise<StoredDevCa> {
  const { force = false } = options
  await placeFile(join(folder, KEY), ca.key, { mode: 0o600, force })
  await placeFile(join(folder, CERTIFICATE), ca.certificate, { force: true })
  await placeFile(join(folder, ROOT), ca.root, { force: true })
  await placeFile(join(folder, CHAIN), ca.chain, { force: true })
  await placeFile(join(folder, STATE), encodeState(0, []), { force: true })
  return await openDevCa(folder)
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
  const state: CaState = {
    certificate: new x509.X509Certificate(certificate ?? ''),
    keys: await readKeyPair(key ?? '', join(folder, KEY)),
    root: root ?? '',
    chain: chain ?? '',
    crlNumber,
    revocations: new Map(revocations.map((entry) => [entry.serialNumber, { ...entry, date: new Date(entry.date) }]))
  }
  const ca = openCa(state)
  return {
    ...ca,
    folder,
    save: async () => { await placeFile(join(folder, STATE), encodeState(state.crlNumber, [...state.revocations.values()]), { force: true }) }
  }
}

function encodeState (crlNumber: number, revocations: readonly Revocation[]): string {
  return JSON.stringify({ version: 1, crlNumber, revocations }, null, 2) + '\n'
}

function decodeState (text: string, where: string): StoredState {
  try {
    const state = JSON.parse(text) as StoredState
    if (state.version === 1 && Number.isSafeInteger(state.crlNumber) && Array.isArray(state.revocations)) return state
  } catch {}
  throw new MTLS_ERR_DEV_CA_STATE(`${where} cannot be read; expected the state that peerkit wrote there`)
}
