import { createHmac, randomBytes } from 'node:crypto'

/** PINs are kept as a digest with a key of this process, which never leaves it. */
const salt = randomBytes(32)

/** The PINs that each token refused. A token locks long before these are many. */
const refused = new Map<string, Set<string>>()

function digestOf (token: string, pin: Uint8Array): string {
  return createHmac('sha256', salt).update(`${token.length} ${token}`).update(pin).digest('base64')
}

/**
 * Remembers that a token refused a PIN. Tokens lock after a few wrong PINs, and a source tries again by itself: after a
 * change of its files, or with back-off. So the same PIN is not tried twice in one process.
 */
export function rememberRefusedPin (token: string, pin: Uint8Array): void {
  refused.set(token, (refused.get(token) ?? new Set()).add(digestOf(token, pin)))
}

/** Whether the token refused this PIN before. */
export function wasPinRefused (token: string, pin: Uint8Array): boolean {
  return refused.get(token)?.has(digestOf(token, pin)) === true
}
