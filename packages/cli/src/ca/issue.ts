import { join } from 'node:path'
import type { IssueOptions } from '@peerkit/dev-ca'
import { dateOf, daysOf, textOf, textsOf, UsageError } from '../command.ts'
import type { Command, Values } from '../command.ts'
import { DONE_NOTE, given, JSON_OPTION, KEY_OPTION, loadSigning, printDone } from './create-ca.ts'

const PROFILES = ['server', 'client', 'both']

export const certIssue: Command = {
  name: 'cert issue',
  summary: 'issue a certificate and its key',
  options: {
    dir: { type: 'string', help: 'folder of the CA (default pki)' },
    out: { type: 'string', help: 'files to write: OUT.pem and OUT.key', required: true },
    profile: { type: 'string', help: 'server, client or both (default)', values: PROFILES },
    cn: { type: 'string', help: 'common name' },
    o: { type: 'string', multiple: true, help: 'organization (any number)' },
    ou: { type: 'string', multiple: true, help: 'organizational unit (any number)' },
    dns: { type: 'string', multiple: true, help: 'DNS name (any number)' },
    ip: { type: 'string', multiple: true, help: 'IP address (any number)' },
    uri: { type: 'string', multiple: true, help: 'URI (any number)' },
    spiffe: { type: 'string', help: 'SPIFFE ID' },
    email: { type: 'string', multiple: true, help: 'e-mail address (any number)' },
    days: { type: 'string', help: 'days until it expires (default 7)' },
    'not-before': { type: 'string', help: 'when it becomes valid, such as 2026-01-31T12:00:00Z' },
    'not-after': { type: 'string', help: 'when it expires, such as 2026-01-31T12:00:00Z' },
    key: KEY_OPTION,
    force: { type: 'boolean', help: 'replace existing files' },
    json: JSON_OPTION
  },
  notes: [
    'A DNS name outside of ASCII becomes A-labels: bücher.example becomes xn--bcher-kva.example.', DONE_NOTE
  ],
  run: async (values, print) => {
    const { storeCertificate, updateDevCa } = await loadSigning()
    const folder = textOf(values, 'dir') ?? 'pki'
    const out = textOf(values, 'out') ?? ''
    const options = readIssueOptions(values)
    // Saved first: the CA knows the serial number of every certificate that exists.
    const issued = await updateDevCa(folder, async (ca) => await ca.issue(options))
    await storeCertificate(issued, out, { force: values['force'] === true })
    const { serialNumber } = issued
    const files = { certificate: `${out}.pem`, key: `${out}.key`, root: join(folder, 'root.pem') }
    const warning = warningOf(options)
    printDone(values, print, { ...files, serialNumber, warning },
      `issued ${files.certificate}, key ${files.key}, serial number ${serialNumber}; its root is ${files.root}\n` +
        (warning === undefined ? '' : `warning: ${warning}\n`))
    return 0
  }
}

/** Clients compare the host name with the alternative names, and never with the common name (RFC 9525). */
function warningOf ({ profile, dns, ip }: IssueOptions): string | undefined {
  if (profile !== 'server' || dns !== undefined || ip !== undefined) return undefined
  return 'no client will accept this server by its host name, because the certificate has no DNS name and no IP ' +
    'address; give --dns or --ip'
}

function readIssueOptions (values: Values): IssueOptions {
  const profile = textOf(values, 'profile')
  if (profile !== undefined && !PROFILES.includes(profile)) {
    throw new UsageError(`--profile is "${profile}"; expected server, client or both`)
  }
  const lists = Object
    .keys(certIssue.options)
    .map((name) => [name, textsOf(values, name)] as const)
    .filter(([, texts]) => texts.length > 0)
  return {
    ...Object.fromEntries(lists),
    ...given({
      profile,
      cn: textOf(values, 'cn'),
      spiffe: textOf(values, 'spiffe'),
      key: textOf(values, 'key'),
      days: daysOf(values),
      notBefore: dateOf(values, 'not-before'),
      notAfter: dateOf(values, 'not-after')
    })
  }
}
