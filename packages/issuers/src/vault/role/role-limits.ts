import type { KeyObject } from 'node:crypto'
import type { RequestedNames } from '../../request/requested-names.ts'
import { textsOf } from '../vault-api.ts'
import { findForbiddenNames } from './allowed-names.ts'
import type { Role } from './allowed-names.ts'

/** What is asked of a role. */
export interface RoleQuestion {
  readonly names: RequestedNames
  readonly mode: 'sign' | 'issue'
  /** Milliseconds. Undefined: that of the role. */
  readonly ttl: number | undefined
  readonly use: 'server' | 'client' | 'both' | undefined
  /** The public key of the request. */
  readonly publicKey: KeyObject
  /** Whether revocation is followed. */
  readonly revocation: boolean
}

/** What a role says against the options. */
export interface RoleFindings {
  /** OpenBao would refuse the request, or its certificate would be of no use. */
  readonly problems: readonly string[]
  /** The certificate is another one than was asked for, or may surprise later. */
  readonly notes: readonly string[]
}

/** Compares a role with what it will be asked. */
export function compareRole (role: Role, question: RoleQuestion): RoleFindings {
  const { names, mode, ttl, revocation } = question
  const maxTtl = role['max_ttl']
  const isLong = typeof maxTtl === 'number' && maxTtl > 0 && ttl !== undefined && ttl > maxTtl * 1000
  return {
    problems: [
      ...findForbiddenNames(role, names),
      ...(mode === 'sign' ? describeKey(role, question.publicKey) : describeAnyKey(role)),
      ...(role['require_cn'] === true && names.cn === undefined
        ? ['names.cn is missing; the role requires a common name (require_cn=false allows requests without one)']
        : []),
      ...describeUse(role, question)
    ],
    notes: [
      ...(isLong
        ? [`ttl is ${ttl / 1000} s; the role allows ${maxTtl} s (max_ttl), so certificates last that long`]
        : []),
      ...(role['generate_lease'] === true
        ? ['the role has generate_lease=true: a certificate is revoked when the token that asked for it ends']
        : []),
      ...(role['no_store'] === true && revocation
        ? ['the role has no_store=true: its certificates cannot be revoked by their serial numbers']
        : [])
    ]
  }
}

function describeAnyKey (role: Role): string[] {
  return role['key_type'] === 'any'
    ? ['mode is "issue"; the role has key_type=any, and can only sign. Use mode "sign", or set key_type']
    : []
}

/** The least bits of a key, if the role has key_bits=0. */
const DEFAULT_BITS: Readonly<Record<string, number>> = { rsa: 2048, ec: 256 }

function describeKey (role: Role, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string[] {
  const { key_type: wanted, key_bits: bits } = role
  if (typeof wanted !== 'string' || wanted === 'any' || wanted === '') return []
  const type = asymmetricKeyType === 'rsa-pss' ? 'rsa' : String(asymmetricKeyType)
  const curve = asymmetricKeyDetails?.namedCurve ?? ''
  const size = type === 'ec' ? CURVE_BITS[curve] ?? 0 : asymmetricKeyDetails?.modulusLength ?? 0
  const least = typeof bits === 'number' && bits > 0 ? bits : DEFAULT_BITS[wanted] ?? 0
  if (type === wanted && size >= least) return []
  const expected = least === 0 ? wanted : `${wanted} of at least ${least} bits`
  const found = size === 0 ? type : `${type} of ${size} bits`
  return [`the key is ${found}; the role requires ${expected} (key_type, key_bits): set keyType of renewingCredentials`]
}

const CURVE_BITS: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 }

const USES = [['server', 'server_flag', 'ServerAuth'], ['client', 'client_flag', 'ClientAuth']] as const

function describeUse (role: Role, { use }: RoleQuestion): string[] {
  if (use === undefined) return []
  const listed = textsOf(role['ext_key_usage']).map((name) => name.toLowerCase().replace('extkeyusage', ''))
  const hasNone = role['server_flag'] === false && role['client_flag'] === false && listed.length === 0 &&
    textsOf(role['ext_key_usage_oids']).length === 0
  // Without the extension a certificate is for every use.
  if (hasNone || listed.includes('any')) return []
  return USES.filter(([wanted]) => use === wanted || use === 'both').filter(([, flag, name]) => {
    return role[flag] === false && !listed.includes(name.toLowerCase())
  }).map(([wanted, flag]) => `use is "${use}"; the role issues no certificates for a ${wanted} (${flag}=false)`)
}
