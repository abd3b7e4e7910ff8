// The manifests and settings in the recipes are valid YAML and JSON, with the fields that Kubernetes knows.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runPeerkit } from '@peerkit/cli'
import { test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'

const PROBE_FIELDS = ['exec', 'grpc', 'httpGet', 'tcpSocket', 'initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold', 'terminationGracePeriodSeconds']
const files = ['docs/recipes', 'docs/moving'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
const fencesOf = (file: string, language: string): string[] => readFences(readFileSync(join(root, file), 'utf8')).filter(({ info }) => info.split(' ')[0] === language).map(({ code }) => code)

test('every block of YAML and JSON can be read', async (t) => {
  let count = 0
  for (const file of files) {
    for (const code of fencesOf(file, 'yaml')) {
      t.same(parseAllDocuments(code).flatMap(({ errors }) => errors), [], file)
      count++
    }
    for (const code of fencesOf(file, 'json')) {
      t.doesNotThrow(() => { JSON.parse(code) }, file)
      count++
    }
  }
  t.ok(count >= 5, String(count))
})

test('the probes have fields that Kubernetes knows, and ask ports that the container has', async (t) => {
  const [manifests = '', exec = ''] = fencesOf('docs/recipes/probes.md', 'yaml')
  const [deployment, service] = parseAllDocuments(manifests).map((document) => document.toJS())
  const [container] = deployment.spec.template.spec.containers
  const ports = container.ports.map(({ name }: { name: string }) => name)
  for (const probe of [container.livenessProbe, container.readinessProbe, parse(exec).readinessProbe]) {
    t.same(Object.keys(probe).filter((field) => !PROBE_FIELDS.includes(field)), [])
  }
  t.ok(ports.includes(container.livenessProbe.httpGet.port) && ports.includes(container.readinessProbe.httpGet.port))
  t.same(service.spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort), ['mtls'], 'probes are not in the service')
  t.same(deployment.spec.selector.matchLabels, deployment.spec.template.metadata.labels)
})

test('the Chromium policy is a list of texts that are JSON', async (t) => {
  const [policy = ''] = fencesOf('docs/recipes/browsers.md', 'json')
  for (const text of JSON.parse(policy).AutoSelectCertificateForUrls) t.same(Object.keys(JSON.parse(text)), ['pattern', 'filter'])
})

test('peerkit migrate finds what the guides say in the code that they replace', async (t) => {
  const folder = t.testdir()
  const migrate = async (file: string): Promise<any> => {
    const path = join(folder, 'moving.js')
    writeFileSync(path, fencesOf(file, 'js')[0] ?? '')
    let out = ''
    t.equal(await runPeerkit(['migrate', path, '--json'], { out: (text) => { out += text }, err: (text) => { t.fail(text) } }), 1)
    return JSON.parse(out).findings.map(({ kind, proposals }: any) => [kind, proposals])
  }
  t.same(await migrate('docs/moving/from-node-tls.md'), [
    ['unverified_server', []], ['leaf_read', [{ rule: { cn: 'billing', o: 'Example' } }]]
  ])
  t.same(await migrate('docs/moving/from-express.md'), [
    ['client_certificate_auth', [{ rule: { cn: 'billing' } }, { rule: { cn: 'shop' } }]], ['unverified_server', []]
  ])
  t.same(await migrate('docs/moving/from-nginx.md'), [['gateway_header', []], ['gateway_header', []]])
})
