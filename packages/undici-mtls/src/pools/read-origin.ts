import { describeUrl, wrongOption } from '@peerkit/identity/internal'
import { withoutRootDot } from '../connect/host-name.ts'
import { OutboundOptionError } from '../errors.ts'

/**
 * Checks that a string is an https origin, without a path.
 *
 * @param text such as `https://ledger.internal:8443`
 * @returns the origin in its normal form, without the dot of an absolute DNS name
 * @throws OutboundOptionError if it is not
 * @example
 * ```ts
 * console.log(readOrigin('https://Ledger.internal:443/')) // https://ledger.internal
 * ```
 */
export function readOrigin (text: string): string {
  const hasScheme = text.includes('://')
  if (!hasScheme || !URL.canParse(text)) {
    const expected = 'an https origin such as https://ledger.internal:8443' + (hasScheme ? '' : ': https:// is missing')
    throw wrongOption(OutboundOptionError, 'origin', describeUrl(text), expected)
  }
  const url = new URL(text)
  if (url.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.hash !== '' ||
    url.username !== '' || url.password !== '') {
    throw wrongOption(OutboundOptionError, 'origin', describeUrl(text), 'only https, host and port')
  }
  url.hostname = withoutRootDot(url.hostname)
  return url.origin
}
