// NIST PKITS, as Debian's python3-cryptography-vectors carries it: every test of path validation, with revocation by CRLs.
import { createPathValidator } from '@peerkit/trust'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readChecker } from './pkits/crls.ts'
import { FALSE_REJECTS, isAboutRevocation } from './pkits/false-rejects.ts'
import { PATHS } from './pkits/paths.ts'
import { SETTINGS, policiesOf } from './pkits/settings.ts'

const FOLDER = '/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data'
const ANCHOR = 'TrustAnchorRootCertificate'
const NOW = Date.UTC(2020, 5, 1)

if (!existsSync(FOLDER)) {
  const message = `NIST PKITS (Debian: python3-cryptography-vectors) is not installed: ${process.argv[1] ?? 'this file'} was not run`
  if (process.env['PEERKIT_INTEROP_STRICT'] === '1') throw new Error(message)
  console.error(`skipped: ${message}`)
  t.plan(0, message)
  process.exit(0)
}

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, 'certs', `${name}.crt`)))
const ANCHORS = [read(ANCHOR)]
const now = (): number => NOW
const runs = PATHS.flatMap((line) => {
  const [id, leaf, ...authorities] = line.split(' ') as [string, string, ...string[]]
  return (SETTINGS[id] ?? [[['default' as const], !leaf.startsWith('Invalid')] as const]).map(([inputs, valid]) => ({ id, leaf, authorities, inputs, valid }))
})

/** Validates every path, and counts what came of it. */
async function validateAll (t: Test, withRevocation: boolean, explained: readonly string[]): Promise<void> {
  const found = { accepted: 0, refused: 0 }
  const falseRejects = new Set<string>()
  for (const { id, leaf, authorities, inputs, valid } of runs) {
    if (!withRevocation && !valid && isAboutRevocation(id)) continue
    const verdict = await createPathValidator({
      anchors: () => ANCHORS,
      purpose: 'any',
      policies: policiesOf(inputs),
      ...(withRevocation && { revocation: readChecker(FOLDER, [ANCHOR, ...authorities], now) }),
      now
    }).validate(read(leaf), authorities.map(read))
    const said = `${id} ${leaf} (${inputs.join(', ')}): ${verdict.valid ? 'accepted' : `${verdict.step}: ${verdict.detail}`}`
    found[verdict.valid ? 'accepted' : 'refused'] += 1
    if (valid && !verdict.valid) falseRejects.add(id)
    if (!valid) t.equal(verdict.valid, false, said)
    else if (explained.includes(id)) t.equal(verdict.valid ? undefined : verdict.step, FALSE_REJECTS[id]?.reason, `${said}; ${FALSE_REJECTS[id]?.why ?? ''}`)
    else t.equal(verdict.valid, true, said)
  }
  t.same([...falseRejects], explained, 'rejects no valid path but those that are explained')
  t.comment(`${found.accepted} accepted, ${found.refused} refused; ${falseRejects.size} of 224 tests rejected falsely`)
}

t.test('PKITS: paths alone', (t) => validateAll(t, false, ['4.1.4', '4.1.5']))
t.test('PKITS: paths with their CRLs', (t) => validateAll(t, true, Object.keys(FALSE_REJECTS)))
