import { checkChoice, checkCount, nearest, refuseOption, show } from './option-check.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'
import { needsValidator } from './resolve-format.ts'

const KNOWN: readonly (keyof ForwardedReaderOptions)[] = [
  'format', 'gateways', 'onUntrusted', 'headers', 'verification', 'validator', 'withoutCertificate', 'ignoredHeaders',
  'trustedHops', 'hopGateways', 'maxHeaderLength', 'maxChainLength', 'cacheSize', 'cacheBytes', 'encoding',
  'chainEncoding', 'carriesChain', 'verifiedValue', 'noneValues', 'now'
]

/** Refuses options that are wrong by themselves or beside each other; the format's own are `resolveFormat`'s. @throws MTLS_ERR_FORWARDED_OPTION */
export function checkReaderOptions (options: ForwardedReaderOptions): void {
  if (typeof options !== 'object' || options === null) refuseOption(`options is ${show(options)}; expected an object`)
  for (const key of Object.keys(options)) {
    if (!(KNOWN as readonly string[]).includes(key)) refuseOption(`"${key}" is unknown${nearest(key, KNOWN)}`)
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
    refuseOption('ignoredHeaders: expected header names in lower case')
  }
  checkHops(options)
  checkVerification(options)
}

function checkHops ({ format, trustedHops = 1, hopGateways, gateways, verification }: ForwardedReaderOptions): void {
  checkCount(trustedHops, 'trustedHops', 1)
  if ((trustedHops > 1 || hopGateways !== undefined) && format !== 'xfcc') {
    refuseOption(`trustedHops and hopGateways belong to format "xfcc"; expected neither with ${show(format)}`)
  }
  if (hopGateways !== undefined && typeof hopGateways?.authorize !== 'function') {
    refuseOption(`hopGateways is ${show(hopGateways)}; expected an object with authorize()`)
  }
  if (trustedHops === 1) return
  // A number alone would let every client of the inner proxy write the outer proxy's part.
  if (hopGateways === undefined && gateways?.identity === undefined) {
    refuseOption('hopGateways is missing; with more than one hop expected who the gateways further out are')
  }
  if (verification === 'in-process') {
    refuseOption('verification is "in-process"; expected "gateway" with more than one hop')
  }
}

function checkVerification ({ format, verification, validator }: ForwardedReaderOptions): void {
  if (validator !== undefined && (validator === null || typeof validator.validate !== 'function')) {
    refuseOption(`validator is ${show(validator)}; expected an object with validate()`)
  }
  const needed = needsValidator({ format, verification })
  if (needed && verification === 'gateway') {
    refuseOption(
      `verification is "gateway", but the gateway of format "${format}" verifies nothing; expected "in-process"`
    )
  }
  if (needed && validator === undefined) {
    refuseOption('validator is missing; expected one, since no gateway verifies the chain')
  }
}
