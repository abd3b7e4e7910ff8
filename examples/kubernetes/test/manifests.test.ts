import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { schemaOf } from './schemas.ts'

const folder = join(import.meta.dirname, '../manifests')
const manifests: any[] = readdirSync(folder).flatMap((name) => {
  return parseAllDocuments(readFileSync(join(folder, name), 'utf8'), { uniqueKeys: true }).map((one) => one.toJS())
})
const of = (kind: string): any[] => manifests.filter((one) => one.kind === kind)
const source = (name: string): string => readFileSync(join(import.meta.dirname, '../src', name), 'utf8')
const pods = [
  ...of('Deployment').map(({ metadata, spec }) => ({ metadata, pod: spec.template.spec })),
  ...of('CronJob').map(({ metadata, spec }) => ({ metadata, pod: spec.jobTemplate.spec.template.spec }))
]

test('every manifest has the fields of its kind, and no others', (t) => {
  t.equal(manifests.length, 11)
  const ajv = new Ajv({ allErrors: true })
  for (const manifest of manifests) {
    const schema = schemaOf(manifest.kind)
    t.ok(schema, manifest.kind)
    const validate = ajv.compile(schema ?? false)
    t.ok(validate(manifest), `${manifest.kind} ${manifest.metadata.name}: ${ajv.errorsText(validate.errors)}`)
  }
  const wrong = structuredClone(of('Deployment')[0])
  wrong.spec.template.spec.containers[0].volumeMounts[0].subPath = 'tls.crt'
  t.notOk(ajv.compile(schemaOf('Deployment') ?? true)(wrong), 'a file by subPath is never updated')
  t.end()
})

test('what a manifest names is there', (t) => {
  const names = (kind: string): string[] => of(kind).map(({ metadata }) => metadata.name)
  const secrets = of('Certificate').map(({ spec }) => spec.secretName)
  for (const { spec } of of('Certificate')) t.ok(names('ClusterIssuer').includes(spec.issuerRef.name), spec.issuerRef.name)
  for (const { spec } of of('ClusterIssuer')) t.ok(spec.ca === undefined || secrets.includes(spec.ca.secretName))
  for (const { secret } of of('Bundle').flatMap(({ spec }) => spec.sources)) t.ok(secrets.includes(secret.name))
  for (const { metadata, pod } of pods) {
    t.ok(of('ServiceAccount').some((one) => one.metadata.name === pod.serviceAccountName && one.metadata.namespace === metadata.namespace))
    for (const { secret, configMap, csi } of pod.volumes) {
      if (secret !== undefined) t.ok(secrets.includes(secret.secretName), secret.secretName)
      if (configMap !== undefined) t.ok(names('Bundle').includes(configMap.name), configMap.name)
      if (csi !== undefined) t.ok(names('ClusterIssuer').includes(csi.volumeAttributes['csi.cert-manager.io/issuer-name']))
    }
    for (const { ports = [], readinessProbe, livenessProbe, volumeMounts } of pod.containers) {
      t.same(volumeMounts.map(({ name }: any) => name), pod.volumes.map(({ name }: any) => name))
      for (const { httpGet } of [readinessProbe, livenessProbe].filter((one) => one !== undefined)) {
        t.ok(ports.some(({ name }: any) => name === httpGet.port), httpGet.port)
        t.match(source('probes.ts'), `'${httpGet.path}'`)
      }
    }
  }
  const [service] = of('Service')
  const [ledger] = of('Deployment')
  t.same(service.spec.selector, ledger.spec.template.metadata.labels)
  t.same(ledger.spec.selector.matchLabels, ledger.spec.template.metadata.labels)
  t.end()
})

test('manifests and code agree on paths, ports and names', (t) => {
  for (const { pod } of pods) {
    for (const { volumeMounts, command } of pod.containers) {
      for (const { mountPath } of volumeMounts) t.match(source('identity.ts'), `'${mountPath}'`)
      t.ok(source(command[1].replace('src/', '')))
    }
  }
  t.match(source('identity.ts'), `/${of('Bundle')[0].spec.target.configMap.key}\``)
  const [ledger] = of('Deployment')
  for (const { containerPort } of ledger.spec.template.spec.containers[0].ports) t.match(source('ledger.ts'), `'${containerPort}'`)
  // Whom the ledger lets in, and whom the caller expects.
  const callers = of('CronJob')[0].spec.jobTemplate.spec.template.spec.volumes[0].csi.volumeAttributes
  t.match(source('ledger.ts'), `'${callers['csi.cert-manager.io/uri-sans']}'`)
  const { spec } = of('Certificate').find(({ metadata }) => metadata.name === 'ledger')
  t.match(source('orders.ts'), `'${spec.uris[0]}'`)
  t.match(source('orders.ts'), `https://${spec.dnsNames[0]}:${of('Service')[0].spec.ports[0].port}`)
  t.match(callers['csi.cert-manager.io/key-usages'], 'client auth')
  t.ok(['server auth', 'client auth'].every((usage) => spec.usages.includes(usage)))
  t.ok(parseInt(spec.renewBefore) * 4 >= parseInt(spec.duration), 'a day of trouble is no outage')
  const drain = Number(/DRAIN = '(\d+)'/.exec(source('ledger.ts'))?.[1])
  t.ok(ledger.spec.template.spec.terminationGracePeriodSeconds * 1_000 >= drain + 15_000)
  t.end()
})
