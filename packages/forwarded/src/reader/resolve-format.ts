import {
  checkOption, choice, describeValue, refuseUnknownKeys, required, suggestNearestOf, text, wrongValue
} from '@peerkit/identity/internal'
import { ForwardedOptionError } from '../errors.ts'
import { CERTIFICATE_ENCODINGS, createCustomFormat } from '../formats/custom.ts'
import { rfc9440WithVerdict } from '../formats/rfc9440.ts'
import { createXfccFormat } from '../formats/xfcc.ts'
import { foldName } from '../headers/header-collector.ts'
import { ROLES } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderNames, HeaderRole } from '../headers/header-format.ts'
import { FORMATS, PRESETS } from './format-catalogue.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'

const CUSTOM_ROLES: readonly string[] = ['certificate', 'chain', 'verified']
const CUSTOM_ONLY = ['encoding', 'chainEncoding', 'carriesChain', 'verifiedValue', 'noneValues'] as const
/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** The format and header names that the options select. @throws ForwardedOptionError */
export function resolveFormat (options: ForwardedReaderOptions): HeaderFormat {
  const { format, trustedHops = 1 } = options
  if (!FORMATS.includes(format)) {
    const hint = suggestNearestOf(String(format), FORMATS)
    throw new ForwardedOptionError(`format is ${describeValue(format)}; ${hint}`)
  }
  if (format === 'custom') return resolveCustom(options)
  for (const key of CUSTOM_ONLY) {
    if (options[key] !== undefined && !(format === 'rfc9440' && key === 'verifiedValue')) {
      throw new ForwardedOptionError(
        `${key} is an option of format "custom"; expected it to be left out with "${format}"`
      )
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

const ENCODING = required(choice(...CERTIFICATE_ENCODINGS))

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
    throw new ForwardedOptionError(
      'headers.certificate is missing; expected the header that holds the certificate'
    )
  }
  for (const [key, value] of Object.entries({ encoding, chainEncoding })) {
    checkOption(value, ENCODING, key, ForwardedOptionError)
  }
  checkVerdict(headers.verified, verifiedValue)
  if (!Array.isArray(noneValues) || noneValues.includes(verifiedValue)) {
    throw wrongValue(ForwardedOptionError, 'noneValues', noneValues, 'a list of strings without verifiedValue')
  }
  if (headers.verified === undefined && verification === undefined) {
    throw new ForwardedOptionError(
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
    throw new ForwardedOptionError(
      'headers.verified and verifiedValue are only useful together; expected both or neither'
    )
  }
  checkOption(verifiedValue, text('a string that is not empty'), 'verifiedValue', ForwardedOptionError)
}

function resolveNames (own: HeaderNames, given: HeaderNames = {}, roles: readonly string[]): HeaderNames {
  if (typeof given !== 'object' || given === null) {
    throw wrongValue(ForwardedOptionError, 'headers', given, 'an object')
  }
  refuseUnknownKeys(given, ROLES.filter((one) => roles.includes(one)), 'headers', ForwardedOptionError, 'headers')
  const names: Partial<Record<HeaderRole, string>> = { ...own }
  for (const [role, name] of Object.entries(given)) {
    const lower = typeof name === 'string' ? name.toLowerCase() : ''
    if (!TOKEN.test(lower)) throw wrongValue(ForwardedOptionError, `headers.${role}`, name, 'a header name')
    names[role as HeaderRole] = lower
  }
  const folded = Object.values(names).map(foldName)
  if (new Set(folded).size !== folded.length) {
    throw new ForwardedOptionError(`headers is ${folded.join(', ')}; expected a different header for each role`)
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
