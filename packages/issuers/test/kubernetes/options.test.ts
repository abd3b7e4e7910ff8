import { test } from 'tap'
import { kubernetesIssuer } from '@peerkit/issuers/kubernetes'

const RIGHT = { url: 'https://10.0.0.1', signerName: 'mesh.example/service', names: { cn: 'ledger' } }

test('wrong options', async (t) => {
  t.ok(kubernetesIssuer(RIGHT))
  const wrong: ReadonlyArray<readonly [more: object, message: RegExp]> = [
    [{ signerName: undefined }, /signerName is missing; expected a domain and a path, such as mesh\.example\/service/],
    [{ signerName: 'mesh' }, /signerName is "mesh"/],
    [{ names: { cn: '' } }, /names\.cn is /],
    [{ usages: [] }, /usages is .*; expected a list of at least one usage/],
    [{ lifetime: 60_000 }, /lifetime is 60000; expected milliseconds from 600,000/],
    [{ waitFor: 0 }, /waitFor is 0/],
    [{ generateName: 'Ledger_' }, /generateName is "Ledger_"; expected lower-case letters, digits, dots and hyphens/],
    [{ labels: { app: 7 } }, /labels is .*; expected an object with strings/],
    [{ annotations: 'a' }, /annotations is "a"; expected an object with strings/],
    [{ url: 'http://10.0.0.1' }, /url is "http:\/\/10\.0\.0\.1.*"; expected https:\/\/10\.0\.0\.1:443/],
    [{ serviceAcount: '/run' }, /unknown option "serviceAcount" for kubernetesIssuer; did you mean "?serviceAccount/]
  ]
  for (const [more, message] of wrong) {
    t.throws(() => kubernetesIssuer({ ...RIGHT, ...more } as never), { code: 'MTLS_ERR_ISSUER_OPTION', message }, JSON.stringify(more))
  }
})

test('the API server of the cluster that it runs in', async (t) => {
  const { url: _, ...rest } = RIGHT
  const start = (host?: string, port?: string): unknown => {
    for (const [name, value] of [['KUBERNETES_SERVICE_HOST', host], ['KUBERNETES_SERVICE_PORT', port]] as const) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
    return kubernetesIssuer(rest)
  }
  const before = [process.env['KUBERNETES_SERVICE_HOST'], process.env['KUBERNETES_SERVICE_PORT']]
  t.throws(() => start(), { message: /url is missing and KUBERNETES_SERVICE_HOST is not set; expected the URL of the API server, or to run in a pod/ })
  t.throws(() => start('10.0.0.1', 'no port'), { message: /KUBERNETES_SERVICE_HOST and _PORT make https:\/\/10\.0\.0\.1:no port/ })
  t.ok(start('10.0.0.1', '6443'))
  t.ok(start('fd00::1'))
  t.throws(() => start(...before))
})

test('the name and what it asks for', async (t) => {
  const { name, id } = kubernetesIssuer(RIGHT)
  t.equal(name, 'mesh.example/service of Kubernetes https://10.0.0.1')
  t.equal(kubernetesIssuer({ ...RIGHT, usages: ['digital signature', 'server auth', 'client auth'] }).id, id)
  const others = [{ names: { cn: 'orders' } }, { url: 'https://10.0.0.2' }, { lifetime: 3_600_000 }, { signerName: 'mesh.example/other' }, { usages: ['client auth'] }]
  t.equal(new Set([id, ...others.map((more) => kubernetesIssuer({ ...RIGHT, ...more }).id)]).size, 6)
})
