import { CERTIFICATE_FLAWS } from '@peerkit/identity'
import {
  anything, choice, clock, count, defineOptions, describeValue, list, methods, valueOf
} from '@peerkit/identity/internal'
import { ForwardedOptionError } from '../errors.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'
import { needsValidator } from './resolve-format.ts'

const OPTIONS = defineOptions<ForwardedReaderOptions>('createForwardedReader', ForwardedOptionError, {
  format: anything,
  gateways: anything,
  onUntrusted: choice('refuse', 'strip'),
  headers: anything,
  verification: choice('gateway', 'in-process'),
  validator: methods(['validate']),
  withoutCertificate: choice('anonymous', 'gateway'),
  ignoredHeaders: list('header names in lower case', valueOf('a header name in lower case', (name) => {
    return typeof name === 'string' && name === name.toLowerCase()
  })),
  trustedHops: count({ least: 1 }),
  hopGateways: methods(['authorize']),
  maxHeaderLength: count(),
  maxChainLength: count(),
  tolerate: list('flaws', choice(...CERTIFICATE_FLAWS)),
  cacheSize: count(),
  cacheBytes: count(),
  encoding: anything,
  chainEncoding: anything,
  carriesChain: anything,
  verifiedValue: anything,
  noneValues: anything,
  now: clock
})

/**
 * Checks all options except those of the format, which `resolveFormat` checks.
 *
 * @throws ForwardedOptionError
 */
export function checkReaderOptions (options: ForwardedReaderOptions): void {
  OPTIONS.check(options)
  checkHops(options)
  checkVerification(options)
}

function checkHops ({ format, trustedHops = 1, hopGateways, gateways, verification }: ForwardedReaderOptions): void {
  if ((trustedHops > 1 || hopGateways !== undefined) && format !== 'xfcc') {
    throw new ForwardedOptionError(
      `trustedHops and hopGateways are options of format "xfcc"; expected neither with ${describeValue(format)}`
    )
  }
  if (trustedHops === 1) return
  // Without rules for the outer proxy, any client of the inner proxy could write the outer proxy's element.
  if (hopGateways === undefined && gateways?.identity === undefined) {
    throw new ForwardedOptionError(
      'hopGateways is missing; expected rules for the outer gateways, since trustedHops is more than 1'
    )
  }
  if (verification === 'in-process') {
    throw new ForwardedOptionError(
      'verification is "in-process"; expected "gateway", since trustedHops is more than 1'
    )
  }
}

function checkVerification ({ format, verification, validator }: ForwardedReaderOptions): void {
  const needed = needsValidator({ format, verification })
  if (needed && verification === 'gateway') {
    throw new ForwardedOptionError(
      `verification is "gateway"; expected "in-process", since the gateway of format "${format}" does not verify chains`
    )
  }
  if (needed && validator === undefined) {
    throw new ForwardedOptionError(
      'validator is missing; expected one, since the gateway does not verify the chain'
    )
  }
}
