// Waiting for what SPIRE does in its own time.
import { setImmediate } from 'node:timers/promises'
import type { CredentialChange, CredentialSource } from '@peerkit/credentials'

/** The next change of a type. */
export async function nextChange (source: CredentialSource, type: CredentialChange['type'], isWanted: (change: CredentialChange) => boolean = () => true): Promise<CredentialChange> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      if (change.type !== type || !isWanted(change)) return
      end()
      resolve(change)
    })
  })
}

/** Waits until a source has, or comes to have, a snapshot that is as wanted. */
export async function comesTo (source: CredentialSource, isWanted: (snapshot: CredentialSource['current']) => boolean): Promise<void> {
  if (!isWanted(source.current)) await nextChange(source, 'rotated', ({ snapshot }) => isWanted(snapshot))
}

/** Asks again and again until the answer is as wanted. The test's own limit ends it. */
export async function until (ask: () => unknown): Promise<void> {
  while (await ask() !== true) await setImmediate()
}
