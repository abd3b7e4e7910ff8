import type { CaState } from '../create-dev-ca.ts'
import { DevCaStateError } from '../errors.ts'
import type { Revocation } from '../revocation/sign-crl.ts'

interface StoredState {
  readonly version: 1
  readonly crlNumber: number
  readonly revocations: ReadonlyArray<Omit<Revocation, 'date'> & { readonly date: string }>
  /** Serial numbers. Folders of earlier versions have none. */
  readonly issued?: readonly string[]
}

/** What `state.json` has of a CA. */
export type SavedState = Pick<CaState, 'crlNumber' | 'revocations' | 'issued'>

export function encodeState ({ crlNumber, revocations, issued }: CaState): string {
  const state = { version: 1, crlNumber, revocations: [...revocations.values()], issued: [...issued] }
  return JSON.stringify(state, null, 2) + '\n'
}

export function decodeState (text: string, where: string): SavedState {
  try {
    const { version, crlNumber, revocations, issued = [] } = JSON.parse(text) as StoredState
    if (version === 1 &&
      Number.isSafeInteger(crlNumber) &&
      Array.isArray(revocations) &&
      revocations.every(isRevocation) &&
      Array.isArray(issued) &&
      issued.every(isSerialNumber)) {
      return {
        crlNumber,
        revocations: new Map(
          revocations.map((entry) => [entry.serialNumber, { ...entry, date: new Date(entry.date) }])
        ),
        issued: new Set(issued)
      }
    }
  } catch {}
  throw new DevCaStateError(`${where} cannot be read; expected the state that peerkit wrote`)
}

function isRevocation (entry: unknown): boolean {
  const { serialNumber, date, after } = Object(entry)
  return isSerialNumber(serialNumber) && !Number.isNaN(Date.parse(date)) && Number.isSafeInteger(after)
}

function isSerialNumber (value: unknown): boolean {
  return /^([0-9a-f]{2})+$/.test(String(value))
}

/**
 * Merges what other processes have saved. Their CRLs do not have the revocations of this process, so for delta CRLs
 * these come after the last of those CRLs.
 */
export function takeUp (state: CaState, { crlNumber, revocations, issued }: SavedState): void {
  for (const [serialNumber, entry] of state.revocations) {
    if (!revocations.has(serialNumber)) {
      state.revocations.set(serialNumber, { ...entry, after: Math.max(entry.after, crlNumber) })
    }
  }
  for (const [serialNumber, entry] of revocations) {
    if (!state.revocations.has(serialNumber)) state.revocations.set(serialNumber, entry)
  }
  for (const serialNumber of issued) state.issued.add(serialNumber)
  state.crlNumber = Math.max(state.crlNumber, crlNumber)
}
