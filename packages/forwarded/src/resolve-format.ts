import { MTLS_ERR_FORWARDED_OPTION } from './errors.ts'
import { FORMATS, PRESETS } from './format-catalogue.ts'
import { CERTIFICATE_ENCODINGS, createCustomFormat } from './formats/custom.ts'
import { rfc9440WithVerdict } from './formats/rfc9440.ts'
import { createXfccFormat } from './formats/xfcc.ts'
import { foldName } from './header-collector.ts'
import type { HeaderFormat, HeaderNames, HeaderRole } from './header-format.ts'
import { nearest, refuseOption, show } from './option-check.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'

const ROLES: readonly string[] = ['certificate', 'chain', 'verified', 'present', 'revoked', 'hash']
const CUSTOM_ROLES: readonly string[] = ['certificate', 'chain', 'verified']
const CUSTOM_ONLY = ['encoding', 'chainEncoding', 'carriesChain', 'verifiedValue', 'noneValues'] as const
/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** The format and header names that the options select. @throws MTLS_ERR_FORWARDED_OPTION */
export function resolveFormat (options: ForwardedReaderOptions): HeaderFormat {
  const { format, trustedHops = 1 } = options
  if (!FORMATS.includes(format)) refuseOption(`format is ${show(format)}${nearest(String(format), FORMATS)}`)
  if (format === 'custom') return resolveCustom(options)
  for (const key of CUSTOM_ONLY) {
    if (options[key] !== undefined && !(format === 'rfc9440' && key === 'verifiedValue')) {
      refuseOption(`${key} is an option of format "custom"; expected it to be left out with "${format}"`)
    }
  }
  if (format === 'rfc9440' && (options.headers?.verified ?? options.verifiedValue) !== undefined) {
    checkVerdict(options.headers?.verified, options.verifiedValue)
    const { headers, ...verdict } = rfc9440WithVerdict(options.verifiedValue as string)
    return { ...verdict, headers: resolveNames(headers, options.headers, [...Object.keys(headers), 'verified']) }
  }
  const preset = format === 'xfcc' ? createXfccFormat(trustedHops) : PRESETS[format]
  return { ...preset, headers: resolveNames(preset.headers, options.headers, Object.keys(preset.headers)) }
}

function resolveCustom (options: ForwardedReaderOptions): HeaderFormat {
  const {
    encoding,
    chainEncoding = encoding,
    carriesChain = false,
    verifiedValue,
    noneValues = [],
    verification
  } = options
  const headers = resolveNames({}, options.headers, CUSTOM_ROLES)
  if (headers.certificate === undefined) {
    refuseOption('headers.certificate is missing; expected the header that holds the certificate')
  }
  for (const [key, value] of Object.entries({ encoding, chainEncoding })) {
    if (!CERTIFICATE_ENCODINGS.includes(value as string)) {
      refuseOption(`${key} is ${show(value)}; expected one of ${CERTIFICATE_ENCODINGS.join(', ')}`)
    }
  }
  checkVerdict(headers.verified, verifiedValue)
  if (!Array.isArray(noneValues) || noneValues.includes(verifiedValue)) {
    refuseOption(`noneValues is ${show(noneValues)}; expected an array of strings without verifiedValue`)
  }
  if (headers.verified === undefined && verification === undefined) {
    refuseOption(
      'verification is missing; expected "gateway" if the gateway rejects certificates that it cannot verify, ' +
        'else "in-process", since headers.verified is not set'
    )
  }
  return createCustomFormat({
    headers,
    encoding: encoding!,
    chainEncoding: chainEncoding!,
    carriesChain,
    verifiedValue,
    noneValues,
    verifies: verification !== 'in-process'
  })
}

function checkVerdict (header: string | undefined, verifiedValue: unknown): void {
  if ((header === undefined) !== (verifiedValue === undefined)) {
    refuseOption('headers.verified and verifiedValue are only useful together; expected both or neither')
  }
  if (verifiedValue !== undefined && (typeof verifiedValue !== 'string' || verifiedValue === '')) {
    refuseOption(`verifiedValue is ${show(verifiedValue)}; expected a non-empty string`)
  }
}

function resolveNames (own: HeaderNames, given: HeaderNames = {}, roles: readonly string[]): HeaderNames {
  if (typeof given !== 'object' || given === null) refuseOption(`headers is ${show(given)}; expected an object`)
  const names: Partial<Record<HeaderRole, string>> = { ...own }
  for (const [role, name] of Object.entries(given)) {
    if (!roles.includes(role)) {
      const known = ROLES.filter((one) => roles.includes(one))
      refuseOption(`unknown option "${role}" for headers${nearest(role, known)}`)
    }
    const lower = typeof name === 'string' ? name.toLowerCase() : ''
    if (!TOKEN.test(lower)) refuseOption(`headers.${role} is ${show(name)}; expected a header name`)
    names[role as HeaderRole] = lower
  }
  const folded = Object.values(names).map(foldName)
  if (new Set(folded).size !== folded.length) {
    throw new MTLS_ERR_FORWARDED_OPTION(`headers is ${folded.join(', ')}; expected a different header for each role`)
  }
  return Object.freeze(names)
}

/**
 * Says whether `createForwardedReader` requires a `validator` for these options: the gateway of the format does not
 * verify chains, or `verification` is `in-process`.
 *
 * @returns true if `validator` is required
 * @example
 * ```ts
 * console.log(needsValidator({ format: 'nginx' })) // false
 * console.log(needsValidator({ format: 'aws-alb-passthrough' })) // true
 * ```
 */
export function needsValidator ({
  format,
  verification
}: {
  readonly format: ForwardedReaderOptions['format']
  readonly verification?: ForwardedReaderOptions['verification'] | undefined
}): boolean {
  return verification === 'in-process' || (format !== 'custom' && PRESETS[format]?.verifies === false)
}
