import { count, defineOptions, func, methods, required, span } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { PathOptionError } from '../errors.ts'
import { CACHE_BYTES, CACHE_SIZE, VALIDATION_TYPES, readValidationOptions } from '../path/validation-options.ts'
import type { ValidationOptions, ValidationSettings } from '../path/validation-options.ts'

/** Options of `createPathValidator`. */
export interface PathValidatorOptions extends ValidationOptions {
  /** The trust anchors in DER. Called again when `generation` changes; without `generation`, every time. */
  readonly anchors: () => readonly Uint8Array[]
  /** A number that changes whenever `anchors` would return something else. */
  readonly generation?: () => number
  /** Checks the leaf and every intermediate of a path that is otherwise valid. Default: none. */
  readonly revocation?: RevocationChecker
  /** How many acceptances, and how many refusals, are cached. Default 10,000; 0 disables the cache. */
  readonly cacheSize?: number
  /** How much memory the acceptances may take, in bytes, approximately. Default 128 MiB. Refusals take little. */
  readonly cacheBytes?: number
  /** How long a refusal is cached, in milliseconds. Default 10,000. */
  readonly negativeTtl?: number
}

type Own = Required<Omit<PathValidatorOptions, keyof ValidationOptions | 'generation' | 'revocation'>>

export interface PathValidatorSettings extends ValidationSettings, Own {
  readonly generation: (() => number) | undefined
  readonly revocation: RevocationChecker | undefined
}

const OPTIONS = defineOptions<PathValidatorOptions>('createPathValidator', PathOptionError, {
  anchors: required(func()),
  generation: func(),
  ...VALIDATION_TYPES,
  revocation: methods(['check', 'permits']),
  cacheSize: CACHE_SIZE,
  cacheBytes: count({ least: 1 }),
  negativeTtl: span(0)
})

/** @throws PathOptionError */
export function readPathValidatorOptions (options: PathValidatorOptions): PathValidatorSettings {
  OPTIONS.check(options)
  const { anchors, generation, revocation, cacheSize = 10_000, cacheBytes = CACHE_BYTES } = options
  const { negativeTtl = 10_000 } = options
  return { ...readValidationOptions(options), anchors, generation, revocation, cacheSize, cacheBytes, negativeTtl }
}
