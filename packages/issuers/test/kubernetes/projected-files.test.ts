import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import type { Test } from 'tap'
import { fileCredentials } from '@peerkit/credentials'
import type { CredentialChange, CredentialSource } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { KubeletVolume } from '../support/kubelet-volume.ts'

/** A source keeps no process alive. */
function stayAlive (t: Test): void {
  const alive = setInterval(() => {}, 2 ** 30)
  t.teardown(() => { clearInterval(alive) })
}

async function next (source: CredentialSource, type: CredentialChange['type']): Promise<CredentialChange> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      if (change.type !== type) return
      end()
      resolve(change)
    })
  })
}

/** The certificate that a server with these credentials presents. */
async function presentedBy ({ current }: CredentialSource): Promise<string> {
  const server = createServer({ cert: current.cert, key: current.key })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca: [...current.ca] })
  await once(socket, 'secureConnect')
  const found = socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? ''
  socket.destroy()
  server.close()
  return found
}

test('a pod certificate: key and chain in one file, and a ClusterTrustBundle beside it', async (t) => {
  stayAlive(t)
  const ca = await (await createDevCa()).intermediate()
  const issue = async (): Promise<{ bundle: string, serialNumber: string }> => {
    const { key, chain, serialNumber } = await ca.issue({ cn: 'ledger', dns: ['localhost'], ip: ['127.0.0.1'] })
    // credentialBundlePath: the key comes first.
    return { bundle: key + chain, serialNumber }
  }
  const volume = new KubeletVolume(t.testdir())
  const first = await issue()
  volume.write({ 'credentialbundle.pem': first.bundle, 'ca.pem': ca.root })
  const bundle = join(volume.folder, 'credentialbundle.pem')
  const source = await fileCredentials({ cert: bundle, key: bundle, ca: join(volume.folder, 'ca.pem'), chain: 'required', reportAfter: 50 })
  t.teardown(async () => { await source.close() })
  t.equal(source.current.identity.serialNumber, first.serialNumber)
  t.equal(source.current.intermediates.length, 1)
  t.same(source.current.warnings, [])
  t.equal(BigInt(`0x${await presentedBy(source)}`), BigInt(`0x${first.serialNumber}`))

  for (let round = 0; round < 3; round += 1) {
    const { bundle: text, serialNumber } = await issue()
    const rotated = next(source, 'rotated')
    volume.write({ 'credentialbundle.pem': text, 'ca.pem': ca.root })
    t.match(await rotated, { trustChanged: false })
    t.equal(source.current.identity.serialNumber, serialNumber, `swap ${round}: ${readlinkSync(join(volume.folder, '..data'))}`)
  }

  await t.test('another trust bundle is followed', async (t) => {
    const other = await createDevCa()
    const rotated = next(source, 'rotated')
    volume.write({ 'credentialbundle.pem': (await issue()).bundle, 'ca.pem': ca.root + other.root })
    t.match(await rotated, { trustChanged: true })
    t.same(source.current.ca.map((pem) => new X509Certificate(pem).raw), [ca.root, other.root].map((pem) => new X509Certificate(pem).raw))
  })

  await t.test('a file that is half written is not used', async (t) => {
    const before = source.current
    const { bundle: text } = await issue()
    const refused = next(source, 'refused')
    volume.write({ 'credentialbundle.pem': text.slice(0, -200), 'ca.pem': ca.root })
    t.match(await refused, { error: { code: 'MTLS_ERR_CREDENTIALS_REFUSED' } })
    t.equal(source.current.cert, before.cert)
    const recovered = next(source, 'recovered')
    volume.write({ 'credentialbundle.pem': text, 'ca.pem': ca.root })
    await recovered
    t.not(source.current.cert, before.cert)
  })

  await t.test('a key that is not that of the certificate is not used', async (t) => {
    const before = source.current
    const [one, two] = [await issue(), await issue()]
    const mixed = one.bundle.replace(/[^]*?-----END PRIVATE KEY-----/, '').trim()
    const refused = next(source, 'refused')
    volume.write({ 'credentialbundle.pem': `${two.bundle.split('-----BEGIN CERTIFICATE')[0]}${mixed}\n`, 'ca.pem': ca.root })
    t.match(await refused, { error: { code: 'MTLS_ERR_CREDENTIALS_REFUSED' } })
    t.equal(source.current.key, before.key)
  })
})

test('cert-manager: tls.crt, tls.key and ca.crt in one folder, of its CSI driver or of a secret', async (t) => {
  stayAlive(t)
  const ca = await createDevCa()
  const issue = async (): Promise<{ files: Record<string, string>, serialNumber: string }> => {
    const { key, chain, serialNumber } = await ca.issue({ cn: 'ledger', dns: ['localhost'] })
    return { files: { 'tls.crt': chain, 'tls.key': key, 'ca.crt': ca.root }, serialNumber }
  }
  const volume = new KubeletVolume(t.testdir())
  volume.write((await issue()).files)
  const path = (name: string): string => join(volume.folder, name)
  const source = await fileCredentials({ cert: path('tls.crt'), key: path('tls.key'), ca: path('ca.crt') })
  t.teardown(async () => { await source.close() })
  const changes: string[] = []
  source.subscribe(({ type }) => { changes.push(type) })
  for (let round = 0; round < 3; round += 1) {
    const { files, serialNumber } = await issue()
    const rotated = next(source, 'rotated')
    volume.write(files)
    await rotated
    t.equal(source.current.identity.serialNumber, serialNumber)
  }
  t.same(changes, ['rotated', 'rotated', 'rotated'], 'certificate and key change together: no swap is refused')
})
