import { checkChoice, checkCount, nearest, refuseOption, show } from './option-check.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'
import { needsValidator } from './resolve-format.ts'

const KNOWN: readonly (keyof ForwardedReaderOptions)[] = [
  'format', 'gateways', 'onUntrusted', 'headers', 'verification', 'validator', 'withoutCertificate', 'ignoredHeaders',
  'trustedHops', 'hopGateways', 'maxHeaderLength', 'maxChainLength', 'cacheSize', 'cacheBytes', 'encoding',
  'chainEncoding', 'carriesChain', 'verifiedValue', 'noneValues', 'now'
]

/**
 * Checks all options except those of the format, which `resolveFormat` checks.
 *
 * @throws MTLS_ERR_FORWARDED_OPTION
 */
export function checkReaderOptions (options: ForwardedReaderOptions): void {
  if (typeof options !== 'object' || options === null) refuseOption(`options is ${show(options)}; expected an object`)
  for (const key of Object.keys(options)) {
    if (!(KNOWN as readonly string[]).includes(key)) {
      refuseOption(`unknown option "${key}" for createForwardedReader${nearest(key, KNOWN)}`)
    }
  }
  checkChoice(options.onUntrusted, ['refuse', 'strip'], 'onUntrusted')
  checkChoice(options.withoutCertificate, ['anonymous', 'gateway'], 'withoutCertificate')
  checkChoice(options.verification, ['gateway', 'in-process'], 'verification')
  for (const key of ['maxHeaderLength', 'maxChainLength', 'cacheSize', 'cacheBytes'] as const) {
    checkCount(options[key], key)
  }
  if (options.now !== undefined && typeof options.now !== 'function') {
    refuseOption(`now is ${show(options.now)}; expected a function`)
  }
  const { ignoredHeaders = [] } = options
  if (
    !Array.isArray(ignoredHeaders) ||
    !ignoredHeaders.every((name) => typeof name === 'string' && name === name.toLowerCase())
  ) {
    refuseOption(`ignoredHeaders is ${show(ignoredHeaders)}; expected an array of header names in lower case`)
  }
  checkHops(options)
  checkVerification(options)
}

function checkHops ({ format, trustedHops = 1, hopGateways, gateways, verification }: ForwardedReaderOptions): void {
  checkCount(trustedHops, 'trustedHops', 1)
  if ((trustedHops > 1 || hopGateways !== undefined) && format !== 'xfcc') {
    refuseOption(`trustedHops and hopGateways are options of format "xfcc"; expected neither with ${show(format)}`)
  }
  if (hopGateways !== undefined && typeof hopGateways?.authorize !== 'function') {
    refuseOption(`hopGateways is ${show(hopGateways)}; expected an object with authorize()`)
  }
  if (trustedHops === 1) return
  // Without rules for the outer proxy, any client of the inner proxy could write the outer proxy's element.
  if (hopGateways === undefined && gateways?.identity === undefined) {
    refuseOption('hopGateways is missing; expected rules for the outer gateways, since trustedHops is more than 1')
  }
  if (verification === 'in-process') {
    refuseOption('verification is "in-process"; expected "gateway", since trustedHops is more than 1')
  }
}

function checkVerification ({ format, verification, validator }: ForwardedReaderOptions): void {
  if (validator !== undefined && (validator === null || typeof validator.validate !== 'function')) {
    refuseOption(`validator is ${show(validator)}; expected an object with validate()`)
  }
  const needed = needsValidator({ format, verification })
  if (needed && verification === 'gateway') {
    refuseOption(
      `verification is "gateway"; expected "in-process", since the gateway of format "${format}" does not verify chains`
    )
  }
  if (needed && validator === undefined) {
    refuseOption('validator is missing; expected one, since the gateway does not verify the chain')
  }
}
