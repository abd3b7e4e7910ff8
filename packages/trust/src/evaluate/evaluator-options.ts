import { checkOption, count, defineOptions, func, methods, required, valueOf } from '@peerkit/identity/internal'
import type { BlockList } from '../authority/block-list.ts'
import type { Authority } from '../authority/load-authority.ts'
import { PathOptionError } from '../errors.ts'
import { CACHE_BYTES, CACHE_SIZE, VALIDATION_TYPES, readValidationOptions } from '../path/validation-options.ts'
import type { ValidationOptions, ValidationSettings } from '../path/validation-options.ts'

/** Options of `createTrustEvaluator`. */
export interface TrustEvaluatorOptions extends ValidationOptions {
  /** The trusted authorities. The first that accepts a certificate decides. Called again when `version` changes. */
  readonly authorities: () => readonly Authority[]
  /** A number that changes whenever `authorities` would return something else. Default: constant. */
  readonly version?: () => number
  /** A list of blocked certificates. It is searched for every certificate of a path. Default: none. */
  readonly block?: BlockList
  /** How many accepted leaves are cached. Default 10,000; 0 disables the cache. */
  readonly cacheSize?: number
  /**
   * How much memory they may take, in bytes, approximately. Default 128 MiB: twice as much as 10,000 usual leaves with
   * keys of P-256 or RSA-2048.
   */
  readonly cacheBytes?: number
  /** How many verified intermediates are cached. Default 1,000. */
  readonly maxIntermediates?: number
  /** Called when `learned` gets a new entry. It must not throw. */
  readonly onLearned?: () => void
}

type Own = Required<Omit<TrustEvaluatorOptions, keyof ValidationOptions | 'block'>>

export interface EvaluatorSettings extends ValidationSettings, Own {
  readonly block: BlockList | undefined
}

const OPTIONS = defineOptions<TrustEvaluatorOptions>('createTrustEvaluator', PathOptionError, {
  authorities: required(func()),
  version: func(),
  ...VALIDATION_TYPES,
  block: methods(['find']),
  cacheSize: CACHE_SIZE,
  cacheBytes: count(),
  maxIntermediates: count(),
  onLearned: func()
})
const VERSION = required(valueOf('a number', (version) => typeof version === 'number'))

/** @throws PathOptionError */
export function readEvaluatorOptions (options: TrustEvaluatorOptions): EvaluatorSettings {
  OPTIONS.check(options)
  const { authorities, version = () => 0, block, cacheSize = 10_000 } = options
  const { cacheBytes = CACHE_BYTES, maxIntermediates = 1_000, onLearned = () => {} } = options
  if (block !== undefined) checkOption(block.version, VERSION, 'block.version', PathOptionError)
  return {
    ...readValidationOptions(options), authorities, version, block, cacheSize, cacheBytes, maxIntermediates, onLearned
  }
}
