import { createDevCa } from '@peerkit/dev-ca'
import type { CaOptions, DevCa, ExtensionOption, IssueOptions } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readPublicRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'

// CAs that count as public ones in tests of forecasts: those of the world change with each version of Node.

/** Valid whenever the tests run. */
export const years: Pick<IssueOptions, 'notBefore' | 'notAfter'> = {
  notBefore: new Date('2020-01-01'), notAfter: new Date('2035-01-01')
}

/** The options of a CA of an organization. */
export function nameOf (o: string, cn: string): CaOptions {
  return { ...years, subject: [{ type: 'O', value: o }, { type: 'CN', value: cn }] }
}

/** An extended key usage of serverAuth alone. */
export const SERVER_ONLY: ExtensionOption = {
  oid: '2.5.29.37', value: Buffer.from('300a06082b06010505070301', 'hex')
}

export const isrg: DevCa = await createDevCa(nameOf('Internet Security Research Group', 'ISRG Root'))
export const r11: DevCa = await isrg.intermediate(nameOf('Let\'s Encrypt', 'R11'))
/** As Generation Y: an intermediate that is for servers alone. */
export const generationY: DevCa = await isrg.intermediate({
  ...nameOf('Let\'s Encrypt', 'YR1'), extensions: [SERVER_ONLY]
})
export const digicertRoot: DevCa = await createDevCa(nameOf('DigiCert Inc', 'DigiCert Root'))
export const digicert: DevCa = await digicertRoot.intermediate(nameOf('DigiCert Inc', 'DigiCert TLS'))
export const someTrust: DevCa = await createDevCa(nameOf('Some Trust', 'Some Root'))
export const someIssuing: DevCa = await someTrust.intermediate(nameOf('Some Trust', 'Some Issuing'))
export const roots: PublicRoots = readPublicRoots([isrg, digicertRoot, someTrust].map(({ der }) => der))

/** A private CA. */
export const own: DevCa = await createDevCa(nameOf('Example', 'Example CA'))

/** From a day to a day. */
export function between (from: string, to: string): Pick<IssueOptions, 'notBefore' | 'notAfter'> {
  return { notBefore: new Date(`${from}T00:00:00Z`), notAfter: new Date(`${to}T00:00:00Z`) }
}

/** The identity of a certificate. */
export function read (der: Uint8Array): PeerIdentity { return parsePeerIdentity(der) }
