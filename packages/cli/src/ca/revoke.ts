import { join } from 'node:path'
import type { RevocationReason, StoredDevCa } from '@peerkit/dev-ca'
import { daysOf, textOf, UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { readCertificateFile } from '../files/certificate-file.ts'
import { CRL_REASONS } from '../inspect/crl.ts'
import { DONE_NOTE, JSON_OPTION, loadSigning, printDone } from './create-ca.ts'

const REASONS = CRL_REASONS.filter((reason) => reason !== undefined)
const DAY = 86_400_000

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
    const [der] = file === undefined ? [] : await readCertificateFile(file, '--cert ', 'a certificate, PEM or DER')
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

export const crl: Command = {
  name: 'crl',
  summary: 'write the certificate revocation list of a CA',
  options: {
    dir: { type: 'string', help: 'folder of the CA (default pki)' },
    out: { type: 'string', help: 'file to write or replace (default DIR/crl.pem)' },
    days: { type: 'string', help: 'days until it expires (default 7)' },
    json: JSON_OPTION
  },
  notes: [DONE_NOTE],
  run: async (values, print) => {
    const folder = textOf(values, 'dir') ?? 'pki'
    const days = daysOf(values)
    const out = textOf(values, 'out') ?? join(folder, 'crl.pem')
    const { storeCrl, updateDevCa } = await loadSigning()
    // The file is written under the lock, so that an older CRL does not replace a newer one.
    const number = await updateDevCa(folder, async (ca) => {
      const list = await ca.crl(days === undefined ? {} : { nextUpdate: new Date(Date.now() + days * DAY) })
      // The number is saved first, so that it is not used for two CRLs.
      await ca.save()
      await storeCrl(list, out)
      return list.number
    })
    printDone(values, print, { crl: out, number }, `wrote ${out}, CRL number ${number}\n`)
    return 0
  }
}
