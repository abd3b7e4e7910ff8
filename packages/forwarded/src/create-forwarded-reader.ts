import { checkReaderOptions } from './check-reader-options.ts'
import { Reader } from './reader.ts'
import type { ForwardedReader } from './forwarded-reader.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'

/**
 * Creates a reader of forwarded client certificates. The reader checks that the sender is a trusted gateway and that
 * the headers follow the gateway's format. If the gateway does not verify chains, the `validator` does. Only the
 * gateway has seen proof that the client has the private key.
 *
 * @param options `format` and `gateways` are required; see {@link ForwardedReaderOptions}
 * @returns a frozen reader with its own cache
 * @throws ForwardedOptionError if an option is wrong
 * @example
 * ```ts
 * const reader = createForwardedReader({ format: 'rfc9440', gateways: { addresses: ['10.0.0.0/8'] } })
 * const rawHeaders = ['Client-Cert', `:${Buffer.from(peer.raw!).toString('base64')}:`]
 * const result = await reader.read({ rawHeaders, sender: undefined, remoteAddress: '10.0.0.7' })
 * if (result.state === 'accepted') console.log(result.identity.commonName) // alice
 * ```
 */
export function createForwardedReader (options: ForwardedReaderOptions): ForwardedReader {
  checkReaderOptions(options)
  const reader = new Reader(options)
  return Object.freeze({
    headerNames: reader.headerNames,
    read: (request) => reader.read(request)
  } satisfies ForwardedReader)
}
