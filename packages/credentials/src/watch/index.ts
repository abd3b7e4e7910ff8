/**
 * How files are read and followed by the packages of this suite. Do not import it: it may change in any release. It
 * loads nothing else of this package.
 *
 * @packageDocumentation
 * @internal
 */
export { readSignature, type Signature } from './file-signature.ts'
export { FollowedFile, type FollowFileOptions } from './follow-file.ts'
export { FileUnreadableError, readBounded, type ReadLimits } from './read-bounded.ts'
export { readStill, type ReadStill, type ReadStillOptions } from './file-signature.ts'
