// docs/recipes/clouds.md: what it tells the app is given to the reader, which gets the headers as each vendor documents them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createForwardedReader, needsValidator } from '@peerkit/forwarded'
import type { ChainValidator, ForwardedReaderOptions, ForwardedResult } from '@peerkit/forwarded'
import { encodePem, parsePeerIdentity } from '@peerkit/identity'
import { createDevCa } from '@peerkit/dev-ca'
import t from 'tap'
import { parse } from 'yaml'
import { writers } from '../../packages/forwarded/test/support/writers.ts'
import { root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'
import { evaluateBlock } from './forwarded-blocks.ts'
import { ScratchFolder } from './scratch-folder.ts'

const page = readFileSync(join(root, 'docs/recipes/clouds.md'), 'utf8')
const fences = readFences(page)
const ca = await createDevCa()
const client = await ca.issue({ cn: 'billing', profile: 'client' })
const sequence = `:${Buffer.from(client.der).toString('base64')}:`
const valid: ChainValidator = { validate: () => ({ valid: true, path: [ca.der], until: Infinity }) }
const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })

const blocks = fences.filter(({ info, code }) => info === 'js' && code.includes('forwarded: '))

for (const block of blocks) {
  const { line, code } = block
  t.test(`the app of clouds.md:${line} reads the header of its gateway, and of nobody else`, async (t) => {
    const { forwarded, trust, credentials } = await evaluateBlock(block, scratch.path)
    const { format, gateways, verifiedValue, headers } = forwarded
    t.ok(code.startsWith(`// ${format}`), 'the first line names the format')
    const judged = needsValidator(forwarded)
    t.ok(!judged || trust !== undefined || credentials, 'who has to validate has CAs to do so')
    const writer = writers.find(({ options }) => options.format === format)!
    const verdict = verifiedValue === undefined ? [] : [headers!.verified!, verifiedValue]
    const rawHeaders = [...writer.write(client.der, []), ...verdict]
    const reader = createForwardedReader({ ...forwarded, ...(judged && { validator: valid }) })
    const read = (remoteAddress: string, dns?: string): ForwardedResult => reader.read({ rawHeaders, remoteAddress, sender: dns === undefined ? undefined : senders.get(dns)! }) as ForwardedResult
    const [range = ''] = gateways.addresses ?? []
    const name = /dns: '([^']+)'/.exec(code)?.[1]
    const senders = new Map(await Promise.all([name ?? 'x', 'other.example.com'].map(async (dns) => [dns, parsePeerIdentity((await ca.issue({ dns })).der)] as const)))
    const result = gateways.identity === undefined ? read(range.replace(/0\/\d+$/, '7')) : read('192.0.2.1', name)
    t.match(result, { state: 'accepted', identity: { subject: { commonName: 'billing' } } })
    t.match(read('192.0.2.1', 'other.example.com'), { state: 'refused', reason: 'untrusted_sender' })
    t.match(read('192.0.2.1'), { state: 'refused', reason: 'untrusted_sender' })
  })
}

t.test('each format of the table has a block', async (t) => {
  const rows = page.split('\n').filter((line) => /^\| \[?(AWS|Cloud|API|Azure|Google)/.test(line))
  const formats = new Set(rows.flatMap((row) => row.match(/(?<=`)(?:aws|azure|google|rfc)[a-z0-9-]+(?=`)/g) ?? []))
  t.ok(formats.size >= 9, [...formats].join())
  for (const format of formats) t.ok(blocks.some(({ code }) => code.includes(`format: '${format}'`)), format)
})

t.test('Cloudflare: a revoked certificate is refused, and so is one without a verdict', async (t) => {
  const { forwarded } = await evaluateBlock(blocks.find(({ code }) => code.includes('verifiedValue'))!, scratch.path)
  const sender = parsePeerIdentity((await ca.issue({ dns: 'origin-pulls.example.com' })).der)
  const reader = createForwardedReader(forwarded)
  const read = (...rawHeaders: string[]): unknown => reader.read({ rawHeaders, sender, remoteAddress: undefined })
  for (const verdict of ['true-true', 'false-false', 'false-true', '-', '']) t.match(read('Client-Cert', sequence, 'Client-Cert-Verdict', verdict), { state: 'refused', reason: 'not_verified' }, verdict)
  t.match(read('Client-Cert', sequence), { state: 'refused', reason: 'not_verified' })
  t.match(read('Client-Cert', '', 'Client-Cert-Chain', '', 'Client-Cert-Verdict', 'false-false'), { state: 'anonymous' })
})

t.test('API Gateway: the authorizer writes what the app reads, for REST and HTTP APIs', async (t) => {
  const file = join(scratch.path, 'authorizer.mjs')
  writeFileSync(file, fences.find(({ code }) => code.startsWith('// authorizer.mjs'))!.code)
  const { handler } = await import(file)
  const clientCert = { clientCertPem: encodePem(client.der), subjectDN: 'CN=admin' }
  t.match(await handler({ requestContext: { authentication: { clientCert } } }), { isAuthorized: true, context: { clientCert: sequence } })
  const rest = { methodArn: 'arn:aws:execute-api:eu-central-1:1:a/b/GET/c' }
  t.match(await handler({ ...rest, requestContext: { identity: { clientCert } } }), { policyDocument: { Statement: [{ Effect: 'Allow', Resource: rest.methodArn }] }, context: { clientCert: sequence } })
  for (const none of [{}, { authentication: null, identity: {} }, { identity: { clientCert: null } }, { identity: { clientCert: { clientCertPem: '' } } }]) {
    t.same(await handler({ requestContext: none }), { isAuthorized: false, context: {} })
    t.match(await handler({ ...rest, requestContext: none }), { policyDocument: { Statement: [{ Effect: 'Deny' }] }, context: {} })
  }
  await t.rejects(handler({ requestContext: { authentication: { clientCert: { clientCertPem: 'x' } } } }), 'an error denies')
})

t.test('each configuration is well-formed, and names the headers that its format reads', async (t) => {
  const names = (format: ForwardedReaderOptions['format'], roles: number): readonly string[] => createForwardedReader({ format, gateways: { unixSocket: true } }).headerNames.slice(0, roles)
  const section = (heading: string): string => page.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  for (const [heading, format, roles] of [['Google', 'google-cloud', 4], ['Azure Application', 'azure-application-gateway', 2], ['Azure API', 'rfc9440', 2], ['Cloudflare', 'rfc9440', 2], ['Amazon CloudFront', 'aws-cloudfront', 2], ['Amazon API', 'rfc9440', 2]] as const) {
    for (const name of names(format, roles)) t.ok(section(heading).toLowerCase().includes(name), `${heading}: ${name}`)
  }
  const tags = [{ tag: '!Ref', resolve: (text: string) => ({ Ref: text }) }]
  const documents = fences.filter(({ info }) => /^(?:yaml|json)$/.test(info)).map(({ info, code }) => info === 'json' ? JSON.parse(code) : parse(code, { customTags: tags }))
  t.equal(documents.length, 6)
  const { Resources, Parameters } = documents.find((one) => one.Resources !== undefined)
  const referred = [...JSON.stringify(Resources).matchAll(/"Ref":"(\w+)"/g)].map(([, name = '']) => name)
  for (const name of referred) t.ok(Object.hasOwn(Resources, name) || Object.hasOwn(Parameters, name), name)
  t.equal(Resources.Listener.Properties.MutualAuthentication.Mode, 'verify')
})
