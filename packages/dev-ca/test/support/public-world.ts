import { parsePeerIdentity } from '@peerkit/identity'
import { readPublicRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'
import { createDevCa } from '../../src/index.ts'
import type { CaOptions, DevCa, ExtensionOption, IssueOptions } from '../../src/index.ts'
import { readArguments } from '../../src/cli/command.ts'
import { forecastBy } from '../../src/cli/forecast.ts'
import type { Run } from './peerkit.ts'

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

/** Runs `peerkit forecast`, with the public roots of these tests. */
export async function forecast (...args: readonly string[]): Promise<Run> {
  const command = forecastBy(() => roots)
  let out = ''
  try {
    const { values, operands } = readArguments(command, args)
    const code = await command.run(values, (text) => { out += text }, operands)
    return { code, out, err: '' }
  } catch (error) {
    return { code: null, out, err: (error as Error).message }
  }
}

export function read (der: Uint8Array): ReturnType<typeof parsePeerIdentity> {
  return parsePeerIdentity(der)
}
