import { readFile } from 'node:fs/promises'
import type { RevocationReason } from '@peerkit/dev-ca'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import { UsageError } from './usage-error.ts'
import { describeFileError } from './certificate-file.ts'
import { textOf } from './command.ts'
import type { Command } from './command.ts'
import { loadSigning } from './load-signing.ts'

export const certRevoke: Command = {
  name: 'cert revoke',
  summary: 'revoke a certificate; run "crl" afterwards',
  options: {
    dir: { type: 'string', help: 'folder of the CA (default pki)' },
    cert: { type: 'string', help: 'the certificate, PEM' },
    serial: { type: 'string', help: 'or its serial number in hexadecimal' },
    reason: { type: 'string', help: 'keyCompromise, superseded, … (RFC 5280 section 5.3.1)' }
  },
  run: async (values, print) => {
    const folder = textOf(values, 'dir') ?? 'pki'
    const file = textOf(values, 'cert')
    const serial = textOf(values, 'serial')
    if ((file === undefined) === (serial === undefined)) {
      throw new UsageError('found none or both of --cert and --serial; expected one of them')
    }
    const serialNumber = serial ?? await readSerialNumber(file ?? '')
    const reason = textOf(values, 'reason')
    const { updateDevCa } = await loadSigning()
    await updateDevCa(folder, (ca) => {
      ca.revoke(serialNumber, reason === undefined ? {} : { reason: reason as RevocationReason })
    })
    print(`revoked ${serialNumber}; run "peerkit crl --dir ${folder}" to publish it\n`)
    return 0
  }
}

async function readSerialNumber (file: string): Promise<string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--cert ${file}: ${describeFileError(error)}; expected a PEM certificate`)
  }
  try {
    const [leaf] = decodePem(text)
    return parsePeerIdentity(leaf ?? new Uint8Array()).serialNumber ?? ''
  } catch (error) {
    throw new UsageError(`--cert ${file}: ${(error as Error).message}; expected a PEM certificate`)
  }
}
