// `bao agent` writes files for fileCredentials, and adds its token to our requests.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { fileCredentials, renewingCredentials } from '@peerkit/credentials'
import { freePort, MOUNT, startProgram } from '@peerkit/example-openbao'
import { vaultIssuer, vaultRevocation } from '@peerkit/issuers/vault'
import { requireTool } from './require-tool.ts'
import { nextChange, until } from './spire/changes.ts'
import { call, startCaller, startService } from './spire/service.ts'
import { ROLE, startWorld } from './openbao/world.ts'

test('bao agent', { timeout: 120_000 }, async (t) => {
  const { bao, pki, login, folder, credentials } = await startWorld(t)
  const files = join(folder, 'agent')
  const port = await freePort()
  const [cert, ca, token] = ['tls.pem', 'ca.pem', 'token'].map((name) => join(files, name)) as [string, string, string]
  await mkdir(files)
  await pki.role('brief', { ...ROLE, not_before_duration: '1s' })
  await writeFile(join(files, 'role-id'), login.roleId)
  await writeFile(join(files, 'secret-id'), login.secretId)
  // One template for key, certificate and chain, so that they belong together.
  await writeFile(join(files, 'agent.hcl'), `
vault {
  address = "${bao.url}"
  ca_cert = "${bao.caFile}"
}
auto_auth {
  method "approle" {
    config = {
      role_id_file_path = "${files}/role-id"
      secret_id_file_path = "${files}/secret-id"
      remove_secret_id_file_after_reading = false
    }
  }
  sink "file" { config = { path = "${token}" } }
}
api_proxy { use_auto_auth_token = true }
listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_disable = true
}
template {
  contents = <<-EOT
    {{- with pkiCert "${MOUNT}/issue/brief" "uri_sans=spiffe://prod.example/ledger" "ttl=6s" -}}
    {{ .Key }}{{ .Cert }}{{ .CA }}
    {{- end -}}
  EOT
  destination = "${cert}"
  perms = "0600"
}
template {
  contents = "{{ with secret \\"pki/cert/ca\\" }}{{ .Data.certificate }}{{ end }}"
  destination = "${ca}"
}
`)
  const agent = await startProgram(requireTool('bao'), ['agent', '-config', join(files, 'agent.hcl')], /rendered "\(dynamic\)" => ".*tls\.pem"/)
  t.teardown(async () => { await agent.kill() })
  await until(() => existsSync(ca) && existsSync(token))

  await t.test('its files are credentials, which follow each renewal', async (t) => {
    const checker = await vaultRevocation({ url: bao.url, ca: bao.ca, mounts: [MOUNT, 'pki'], refreshInterval: 1_000 })
    t.teardown(async () => { await checker.close() })
    const source = await fileCredentials({ cert, authorities: { internal: { ca, names: { spiffe: 'spiffe://prod.example' }, checker } } })
    t.teardown(async () => { await source.close() })
    t.equal(source.current.identity.spiffeId, 'spiffe://prod.example/ledger')
    const orders = await credentials('/orders')
    const { origin } = await startService(t, source, [{ spiffe: 'spiffe://prod.example/orders' }])
    const caller = startCaller(t, orders, 'spiffe://prod.example/ledger')
    t.equal(await call(caller, origin), 'spiffe://prod.example/orders by internal')
    const { serialNumber } = source.current.identity
    await nextChange(source, 'rotated')
    t.not(source.current.identity.serialNumber, serialNumber)
    t.equal(await call(caller, origin, true), 'spiffe://prod.example/orders by internal')
  })

  await t.test('its token file, and its listener that adds a token', async (t) => {
    const common = { mount: MOUNT, role: 'service', names: { cn: 'ledger.example' } }
    const issuers = [
      vaultIssuer({ url: bao.url, ca: bao.ca, auth: { token: { file: token } }, ...common }),
      vaultIssuer({ url: `http://127.0.0.1:${port}`, auth: 'proxy', ...common })
    ]
    for (const issuer of issuers) {
      const source = await renewingCredentials(issuer, { attempts: 1 })
      t.equal(source.current.identity.commonName, 'ledger.example')
      await source.close()
      await issuer.close()
    }
  })
})
