import { CredentialsOptionError } from '../errors.ts'
import type { GivenMaterial } from '../material/material.ts'

/** What an issuer returned, with its key. */
export interface StoredMaterial extends GivenMaterial {
  /** When the issuer wants it to be renewed, in milliseconds since the epoch. */
  readonly renewAt?: number | undefined
}

/** Of this form. A text of another one is not used. */
const VERSION = 1

/**
 * Writes what an issuer returned as text.
 *
 * @param id what was asked for. What is stored for something else is not used
 * @throws CredentialsOptionError if it has what cannot be stored
 */
export function writeStored (material: StoredMaterial, id: string): string {
  if (material.authorities !== undefined) {
    const problem = 'the issuer\'s answer.authorities cannot be stored'
    throw new CredentialsOptionError(`${problem}; expected ca in the answer, or no option store`)
  }
  if (!isText(material.key)) {
    const problem = 'the issuer\'s answer.key is a key in a token, which cannot be stored'
    throw new CredentialsOptionError(`${problem}; expected no option store`)
  }
  return `${JSON.stringify({ v: VERSION, id, ...material }, (_name, value: unknown) => encode(value))}\n`
}

/**
 * Reads what was written.
 *
 * @returns undefined if it was written for something else
 * @throws Error if it is not such a text. The message has nothing of the text, because that has a key
 */
export function readStored (text: string, id: string): StoredMaterial | undefined {
  let found: unknown
  try {
    found = JSON.parse(text, (_name, value: unknown) => decode(value))
  } catch {
    throw new Error('it is not a complete text of this source')
  }
  const { v, id: written, ...material } = (found ?? {}) as Record<string, unknown>
  if (v !== VERSION) throw new Error('it is not a text of this version of the source')
  // Never written. Who writes it by hand wants to be trusted.
  if (material['authorities'] !== undefined) throw new Error('it has authorities, which are never stored')
  return written === id ? material : undefined
}

function isText (key: StoredMaterial['key']): boolean {
  return key === undefined || typeof key === 'string' || key instanceof Uint8Array
}

/** Buffer.toJSON() has run before this. */
function encode (value: unknown): unknown {
  const isBuffer = isObject(value) && value['type'] === 'Buffer' && Array.isArray(value['data'])
  if (isBuffer) return { base64: Buffer.from(value['data'] as number[]).toString('base64') }
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value
}

function decode (value: unknown): unknown {
  return isObject(value) && typeof value['base64'] === 'string' ? Buffer.from(value['base64'], 'base64') : value
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
