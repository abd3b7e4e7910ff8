import type { CheckedMaterial } from './check-material.ts'
import type { Clock } from './clock.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { FrozenSnapshot } from './frozen-snapshot.ts'
import { LiveTrust } from './live-trust.ts'
import type { Checkers } from './revocation-checker.ts'

/** Base of the sources with a certificate and key of our own. */
export class LiveSource extends LiveTrust<CredentialSnapshot, CheckedMaterial> implements CredentialSource {
  constructor (checked: CheckedMaterial, checkers: Checkers, clock: Clock) {
    super(checked, checkers, clock, (material, state) => new FrozenSnapshot(material, state))
  }

  protected override changesOwn (checked: CheckedMaterial): boolean {
    const { identity, intermediates, key } = this.current
    const own = [identity, ...intermediates]
    return checked.key !== key || own.length !== checked.certificates.length ||
      own.some(({ fingerprint256 }, index) => fingerprint256 !== checked.certificates[index]?.fingerprint256)
  }
}
