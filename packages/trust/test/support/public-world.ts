import { parsePeerIdentity } from '@peerkit/identity'
import { createDevCa } from '@peerkit/dev-ca'
import type { CaOptions, DevCa, ExtensionOption, IssueOptions } from '@peerkit/dev-ca'
import { readPublicRoots } from '../../src/forecast/index.ts'
import type { PublicRoots } from '../../src/forecast/index.ts'

const years: CaOptions = { notBefore: new Date('2020-01-01'), notAfter: new Date('2035-01-01') }

function nameOf (o: string, cn: string): Pick<CaOptions, 'subject'> {
  return { subject: [{ type: 'O', value: o }, { type: 'CN', value: cn }] }
}

/** Roots that count as public ones in these tests, and CAs below them. */
export const isrg: DevCa = await createDevCa({ ...years, ...nameOf('Internet Security Research Group', 'ISRG Root') })
export const r11: DevCa = await isrg.intermediate({ ...years, ...nameOf('Let\'s Encrypt', 'R11') })
export const digicertRoot: DevCa = await createDevCa({ ...years, ...nameOf('DigiCert Inc', 'DigiCert Root') })
export const digicert: DevCa = await digicertRoot.intermediate({ ...years, ...nameOf('DigiCert Inc', 'DigiCert TLS') })
export const someTrust: DevCa = await createDevCa({ ...years, ...nameOf('Some Trust', 'Some Root') })
export const roots: PublicRoots = readPublicRoots([isrg, digicertRoot, someTrust].map(({ der }) => der))

/** An extended key usage of serverAuth alone. */
export const SERVER_ONLY: ExtensionOption = {
  oid: '2.5.29.37', value: Buffer.from('300a06082b06010505070301', 'hex')
}
/** As Generation Y: an intermediate that is for servers alone. */
export const generationY: DevCa = await isrg.intermediate({
  ...years, ...nameOf('Let\'s Encrypt', 'YR1'), extensions: [SERVER_ONLY]
})

/** A private CA. */
export const own: DevCa = await createDevCa({ ...years, ...nameOf('Example', 'Example CA') })

/** From a day to a day. */
export function between (from: string, to: string): Pick<IssueOptions, 'notBefore' | 'notAfter'> {
  return { notBefore: new Date(`${from}T00:00:00Z`), notAfter: new Date(`${to}T00:00:00Z`) }
}

export function read (der: Uint8Array): ReturnType<typeof parsePeerIdentity> {
  return parsePeerIdentity(der)
}
