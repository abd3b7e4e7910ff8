import { MTLS_ERR_FORWARDED_OPTION } from './errors.ts'
import { FORMATS, PRESETS } from './format-catalogue.ts'
import { CERTIFICATE_ENCODINGS, createCustomFormat } from './formats/custom.ts'
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

/** The format that the options name, with the operator's header names. @throws MTLS_ERR_FORWARDED_OPTION */
export function resolveFormat (options: ForwardedReaderOptions): HeaderFormat {
  const { format, trustedHops = 1 } = options
  if (!FORMATS.includes(format)) refuseOption(`format is ${show(format)}${nearest(String(format), FORMATS)}`)
  if (format === 'custom') return resolveCustom(options)
  for (const key of CUSTOM_ONLY) {
    if (options[key] !== undefined) refuseOption(`${key} belongs to format "custom"; expected nothing with "${format}"`)
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
  if ((headers.verified === undefined) !== (verifiedValue === undefined)) {
    refuseOption('headers.verified and verifiedValue belong together; expected both or neither')
  }
  if (verifiedValue !== undefined && (typeof verifiedValue !== 'string' || verifiedValue === '')) {
    refuseOption(`verifiedValue is ${show(verifiedValue)}; expected a text`)
  }
  if (!Array.isArray(noneValues) || noneValues.includes(verifiedValue)) {
    refuseOption('noneValues: expected texts, and not the one that says verified')
  }
  if (headers.verified === undefined && verification === undefined) {
    refuseOption(
      'verification is missing; without headers.verified expected "gateway" where the gateway lets only verified certificates pass, else "in-process"'
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

function resolveNames (own: HeaderNames, given: HeaderNames = {}, roles: readonly string[]): HeaderNames {
  if (typeof given !== 'object' || given === null) refuseOption(`headers is ${show(given)}; expected an object`)
  const names: Partial<Record<HeaderRole, string>> = { ...own }
  for (const [role, name] of Object.entries(given)) {
    if (!roles.includes(role)) {
      refuseOption(
        `headers.${role} is unknown${nearest(
          role,
          ROLES.filter((known) => roles.includes(known))
        )}`
      )
    }
    const lower = typeof name === 'string' ? name.toLowerCase() : ''
    if (!TOKEN.test(lower)) refuseOption(`headers.${role} is ${show(name)}; expected a header name`)
    names[role as HeaderRole] = lower
  }
  const folded = Object.values(names).map(foldName)
  if (new Set(folded).size !== folded.length) {
    throw new MTLS_ERR_FORWARDED_OPTION(`headers names ${folded.join(', ')}; expected a header of its own for each`)
  }
  return Object.freeze(names)
}

/** Whether a reader of these options needs a validator: no gateway verifies the chain, or none is meant to decide. */
export function needsValidator ({
  format,
  verification
}: {
  readonly format: ForwardedReaderOptions['format']
  readonly verification?: ForwardedReaderOptions['verification'] | undefined
}): boolean {
  return verification === 'in-process' || (format !== 'custom' && PRESETS[format]?.verifies === false)
}
