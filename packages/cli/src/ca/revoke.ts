import type { RevocationReason, StoredDevCa } from '@peerkit/dev-ca'
import { UsageError } from './usage-error.ts'
import { decodeCertificates } from './certificate-file.ts'
import { readBytes } from './read-bytes.ts'
import { textOf } from './command.ts'
import type { Command } from './command.ts'
import { DONE_NOTE, JSON_OPTION, printDone } from './done.ts'
import { loadSigning } from './load-signing.ts'

const REASONS = [
  'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation',
  'certificateHold', 'removeFromCRL', 'privilegeWithdrawn', 'aACompromise'
]
const EXPECTED = 'a certificate, PEM or DER'

export const certRevoke: Command = {
  name: 'cert revoke',
  summary: 'revoke a certificate; run "crl" afterwards',
  options: {
    dir: { type: 'string', help: 'folder of the CA (default pki)' },
    cert: { type: 'string', help: 'the certificate, PEM or DER; it has to be one of this CA' },
    serial: { type: 'string', help: 'or its serial number in hexadecimal' },
    reason: { type: 'string', help: 'keyCompromise, superseded, … (RFC 5280 section 5.3.1)', values: REASONS },
    force: { type: 'boolean', help: 'with --serial: also a number that the CA has not recorded' },
    json: JSON_OPTION
  },
  notes: [DONE_NOTE],
  run: async (values, print) => {
    const folder = textOf(values, 'dir') ?? 'pki'
    const file = textOf(values, 'cert')
    const serial = textOf(values, 'serial')
    if ((file === undefined) === (serial === undefined)) {
      throw new UsageError('found none or both of --cert and --serial; expected one of them')
    }
    const der = file === undefined ? undefined : await readFirst(file)
    const reason = textOf(values, 'reason') as RevocationReason | undefined
    const { updateDevCa } = await loadSigning()
    const serialNumber = await updateDevCa(folder, (ca) => {
      if (serial !== undefined && values['force'] !== true) checkIssued(ca, serial, folder)
      return ca.revoke(der ?? serial ?? '', reason === undefined ? {} : { reason })
    })
    printDone(values, print, { serialNumber, reason },
      `revoked ${serialNumber}; run "peerkit crl --dir ${folder}" to publish it\n`)
    return 0
  }
}

/** A mistyped number would end on the CRL, and the certificate would stay good. */
function checkIssued (ca: StoredDevCa, serial: string, folder: string): void {
  if (!/^([0-9a-f]{2})+$/i.test(serial) || ca.hasIssued(serial)) return
  const expected =
    `a number that the CA in ${folder} has issued, --cert FILE, or --force for one that it has not recorded`
  throw new UsageError(`--serial is ${JSON.stringify(serial.slice(0, 80))}; expected ${expected}`)
}

async function readFirst (file: string): Promise<Uint8Array> {
  const where = `--cert ${file}`
  const [first = new Uint8Array()] = decodeCertificates(await readBytes(file, '--cert ', EXPECTED), where)
  return first
}
