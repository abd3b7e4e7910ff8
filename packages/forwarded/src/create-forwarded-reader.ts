import { checkReaderOptions } from './check-reader-options.ts'
import { Reader } from './reader.ts'
import type { ForwardedReader } from './forwarded-reader.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'

/**
 * Makes a reader of forwarded client certificates. It decides whether the sender is a gateway, whether the headers are what exactly this gateway writes, and, where the gateway does not verify chains,
 * whether the chain is valid. Possession of the key is proved to the gateway alone.
 *
 * @throws MTLS_ERR_FORWARDED_OPTION on a wrong option.
 */
export function createForwardedReader (options: ForwardedReaderOptions): ForwardedReader {
  checkReaderOptions(options)
  const reader = new Reader(options)
  return Object.freeze({
    headerNames: reader.headerNames,
    read: (request) => reader.read(request)
  } satisfies ForwardedReader)
}
