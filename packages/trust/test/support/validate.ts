import { createPathValidator } from '../../src/index.ts'
import type { PathValidatorOptions, PathVerdict } from '../../src/index.ts'
import { NOW } from '@peerkit/test-support/mint'

/** One validation by a validator of its own, at the time that the certificates are made for. */
export function validate (
  leaf: Uint8Array, intermediates: readonly Uint8Array[], anchors: readonly Uint8Array[],
  options: Partial<PathValidatorOptions> = {}
): PathVerdict {
  return createPathValidator({ anchors: () => anchors, now: () => NOW, ...options }).validate(
    leaf, intermediates
  ) as PathVerdict
}

/** `valid`, or the reason why not. */
export function outcome (...args: Parameters<typeof validate>): string {
  const verdict = validate(...args)
  return verdict.valid ? 'valid' : verdict.step
}
