import type { CertificateFlaw } from '@peerkit/identity'
import type { SignatureScheme } from '@peerkit/identity/x509'
import type { Algorithms } from '../certificate/algorithm-policy.ts'
import { readWholeCertificate } from '../certificate/certificate.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { findFlaw, findIssuerFlaw, findLeafFlaw } from '../certificate/find-flaw.ts'
import type { Purpose } from '../certificate/find-flaw.ts'
import { findLint } from '../certificate/lint.ts'
import { knownEdge, rememberEdge, verifySignature, weightOf } from '../certificate/signature.ts'
import { checkNames } from '../name-constraints/check-names.ts'
import { PolicyState } from '../policies/policy-state.ts'
import type { PolicyInputs } from '../policies/policy-state.ts'
import { blame, nameOf, refuseExhausted } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import type { Budget } from './limits.ts'

/** The inputs of path validation. */
export interface PathRules {
  readonly purpose: Purpose
  readonly policies: PolicyInputs
  /** Whether findings of `lintCertificate` refuse the path. */
  readonly strict: boolean
  /** Whether a leaf may have keyCertSign or name constraints, without effect, as a handshake allows. */
  readonly idleCaFields?: boolean
  readonly algorithms: Algorithms
  /** Whether serverAuth is accepted instead of clientAuth. */
  readonly serverAuthOnly?: boolean
  /** The flaws of certificates below the anchor that are not refused. Default: none. */
  readonly tolerate?: readonly CertificateFlaw[]
  readonly now: number
}

/**
 * Validates one path by RFC 5280 section 6.1, from the anchor down, so that no unverified key or constraint is used.
 * The constraints in the anchor's own certificate apply too (RFC 5937).
 *
 * @param path the leaf first, the anchor last
 */
export function validatePath (path: readonly Certificate[], rules: PathRules, budget: Budget): PathRefused | undefined {
  const last = path.length - 1
  if (last === 0) return validateTrustedLeaf(path[0]!, rules)
  let remaining = Infinity
  for (let i = last; i >= 0; i--) {
    const certificate = path[i]!
    const refusal = (i < last ? checkSignature(certificate, path[i + 1]!, rules.algorithms, budget) : undefined) ??
      readWhole(certificate, rules) ??
      findFlaw(certificate, rules.now, rules.algorithms) ??
      (i > 0 ? findIssuerFlaw(certificate, rules) : findLeafFlaw(certificate, rules)) ??
      (i < last ? checkNamesBelow(path, i, budget) : undefined)
    if (refusal !== undefined) {
      return refusal.step === 'signature_invalid' ? refusal : findForgedBelow(path, i, rules, budget) ?? refusal
    }
    // Section 6.1.4 (l) and (m); the anchor is not counted, and self-issued certificates are not either.
    if (i > 0 && i < last && !certificate.selfIssued && --remaining < 0) {
      return blame(certificate, 'path_length', 'exceeds the pathLenConstraint of a CA above it')
    }
    if (i > 0) remaining = Math.min(remaining, certificate.basicConstraints?.pathLength ?? Infinity)
  }
  return checkPolicies(path, rules.policies, budget) ?? (rules.strict ? checkLint(path) : undefined)
}

/**
 * Finds a forged signature below the certificate at `index`, which is at fault. If there is one, that is the better
 * refusal: only names led to the faulty certificate, and anyone can send any certificate above their own.
 */
function findForgedBelow (
  path: readonly Certificate[], index: number, rules: PathRules, budget: Budget
): PathRefused | undefined {
  for (let i = index - 1; i >= 0; i--) {
    const issuer = path[i + 1]!
    // The key of a certificate that cannot be read is not used.
    if (readWhole(issuer, rules) !== undefined) return undefined
    const refusal = checkSignature(path[i]!, issuer, rules.algorithms, budget)
    if (refusal !== undefined) return refusal.step === 'signature_invalid' ? refusal : undefined
  }
  return undefined
}

function checkLint (path: readonly Certificate[]): PathRefused | undefined {
  for (const certificate of path) {
    const [rule] = findLint(certificate)
    if (rule !== undefined) return blame(certificate, 'lint', `breaks the rule ${rule}`)
  }
  return undefined
}

/** A leaf that is an anchor itself is trusted if it is valid and allows the purpose. */
function validateTrustedLeaf (leaf: Certificate, rules: PathRules): PathRefused | undefined {
  const { now, strict, algorithms, policies: inputs } = rules
  const policies = new PolicyState(inputs, 1)
  const flaw = readWhole(leaf, rules) ?? findFlaw(leaf, now, algorithms) ?? findLeafFlaw(leaf, rules)
  if (flaw !== undefined) return flaw
  if (!policies.enter(leaf, true) || !policies.conclude(leaf)) {
    return blame(leaf, 'policy', 'has no certificate policy that is accepted')
  }
  return strict ? checkLint([leaf]) : undefined
}

/** Reads the contents of a certificate. They must not be read before its signature was verified. */
function readWhole (certificate: Certificate, { tolerate }: PathRules): PathRefused | undefined {
  try {
    certificate.readWhole()
    // It was read as another authority tolerates it. Reading it again throws what is wrong with it.
    if (certificate.flaws.some((flaw) => tolerate?.includes(flaw) !== true)) {
      readWholeCertificate(certificate.der, { tolerate })
    }
    return undefined
  } catch (error) {
    return blame(certificate, 'unreadable', `cannot be read: ${(error as Error).message}`)
  }
}

/** The issuer's key was checked before. The anchor's own signature is not checked. */
function checkSignature (
  certificate: Certificate, issuer: Certificate, algorithms: Algorithms, budget: Budget
): PathRefused | undefined {
  const { fields } = certificate
  const scheme = schemeOf(certificate)
  if (scheme === undefined || !algorithms.acceptsScheme(scheme)) {
    const name = scheme?.name ?? fields.signatureAlgorithm.oid
    return blame(certificate, 'algorithm_refused', `is signed with ${name}`)
  }
  const fitsKey = scheme.keyTypes.some((accepted) => accepted === issuer.keyKind.type)
  const signed = knownEdge(certificate, issuer) ?? (fitsKey ? undefined : false)
  if (signed === true) return undefined
  const wrong = (): PathRefused => blame(certificate, 'signature_invalid', `was not signed by ${nameOf(issuer)}`)
  if (signed === false) return wrong()
  if (!budget.spend('signatures', weightOf(issuer.keyKind))) return refuseExhausted(budget)
  const key = issuer.publicKey()
  if (key === undefined) return blame(issuer, 'key_refused', 'has a key that cannot be used')
  const valid = verifySignature(scheme, fields.tbs, fields.signature, key)
  rememberEdge(certificate, issuer, valid)
  return valid ? undefined : wrong()
}

function schemeOf (certificate: Certificate): SignatureScheme | undefined {
  try {
    return certificate.scheme
  } catch {
    // Malformed parameters.
    return undefined
  }
}

/** Section 6.1.3 (b) and (c): checks the names of one certificate. Self-issued ones are exempt, except the leaf. */
function checkNamesBelow (path: readonly Certificate[], index: number, budget: Budget): PathRefused | undefined {
  const certificate = path[index]!
  if (index > 0 && certificate.selfIssued) return undefined
  for (let i = path.length - 1; i > index; i--) {
    const { nameConstraints } = path[i]!
    if (nameConstraints === undefined) continue
    const fault = checkNames(certificate, index === 0, nameConstraints, budget)
    if (budget.exhausted !== undefined) return refuseExhausted(budget)
    if (fault === undefined) continue
    return blame(certificate, 'name_constraint', `breaks the name constraints of ${nameOf(path[i]!)}: ${fault}`)
  }
  return undefined
}

/** The policy checks of sections 6.1.2 to 6.1.5. If no policy is required, which is usual, they cannot fail. */
function checkPolicies (path: readonly Certificate[], inputs: PolicyInputs, budget: Budget): PathRefused | undefined {
  const isFree = inputs.accepted === undefined && !inputs.requireExplicit
  const isPlain = path.every(({ policyConstraints, policyMappings }) => {
    return policyConstraints === undefined && policyMappings === undefined
  })
  if (isFree && isPlain) return undefined
  const last = path.length - 1
  const policies = new PolicyState(inputs, last)
  policies.constrain(path[last]!)
  for (let i = last - 1; i >= 0; i--) {
    const certificate = path[i]!
    if (processPolicies(certificate, i, policies, budget)) continue
    if (budget.exhausted !== undefined) return refuseExhausted(budget)
    return blame(certificate, 'policy', 'has no certificate policy that is valid in the whole path')
  }
  return undefined
}

function processPolicies (certificate: Certificate, index: number, policies: PolicyState, budget: Budget): boolean {
  const { policies: own, policyMappings } = certificate
  if (!budget.spend('policies', (own?.length ?? 0) + (policyMappings?.length ?? 0))) return false
  if (!policies.enter(certificate, index === 0)) return false
  return index > 0 ? policies.leave(certificate) : policies.conclude(certificate)
}
