import type { EventListeners } from '@peerkit/events'
import { BoundedLabels } from './bounded-labels.ts'
import type { Instruments } from './instruments.ts'
import { reasonsOf } from './zero-series.ts'

const MAX_ORIGINS = 100
const MAX_REASONS = 50

/** Records credentials, rules, revocation, expiry and outbound connections. */
export function recordChanges (instruments: Instruments): EventListeners {
  const rotations = instruments.counter('peerkit.credentials.rotations')
  const reloads = instruments.counter('peerkit.rules.reloads')
  const refreshes = instruments.counter('peerkit.revocation.refreshes')
  const softPasses = instruments.counter('peerkit.revocation.soft_passes')
  const warnings = instruments.counter('peerkit.expiry.warnings')
  const outbound = instruments.counter('peerkit.outbound.connections')
  const origins = new BoundedLabels(MAX_ORIGINS)
  const reasons = new BoundedLabels(MAX_REASONS, reasonsOf('credentials'))
  return {
    'peerkit:credentials:rotated': () => { rotations.add(1, { 'peerkit.result': 'accepted' }) },
    'peerkit:credentials:refused': ({ reason, code }) => {
      rotations.add(1, { 'peerkit.result': 'refused', 'error.type': reasons.of(reason ?? code) })
    },
    'peerkit:rules:reloaded': () => { reloads.add(1, { 'peerkit.result': 'accepted' }) },
    'peerkit:rules:refused': () => { reloads.add(1, { 'peerkit.result': 'refused' }) },
    'peerkit:revocation:refreshed': ({ source }) => {
      refreshes.add(1, { 'peerkit.source': source, 'peerkit.result': 'accepted' })
    },
    'peerkit:revocation:failed': ({ source }) => {
      refreshes.add(1, { 'peerkit.source': source, 'peerkit.result': 'refused' })
    },
    'peerkit:revocation:soft-passed': () => { softPasses.add(1) },
    'peerkit:expiry:soon': ({ what, threshold }) => {
      warnings.add(1, { 'peerkit.kind': what, 'peerkit.threshold': threshold })
    },
    'peerkit:outbound:identified': ({ origin }) => {
      outbound.add(1, { 'server.address': origins.of(origin), 'peerkit.result': 'accepted' })
    },
    'peerkit:outbound:refused': ({ origin, code }) => {
      outbound.add(1, {
        'server.address': origins.of(origin),
        'peerkit.result': 'refused',
        'error.type': reasons.of(code)
      })
    }
  }
}
