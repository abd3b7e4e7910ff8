import type { OpenBao } from './server.ts'

/** Where the two PKIs are mounted: the root signs the CA that issues. */
export const ROOT_MOUNT = 'pki'
export const MOUNT = 'pki_int'

/** The PKI of an OpenBao. */
export interface Pki {
  /** The root, PEM. */
  readonly root: string
  /** Makes or changes a role. */
  role (name: string, settings: object): Promise<void>
  /** Revokes a certificate, at the CA that issued it. */
  revoke (serialNumber: string): Promise<void>
}

/** Mounts a root and an issuing CA, with CRLs that are made anew by themselves. */
export async function mountPki (bao: OpenBao): Promise<Pki> {
  for (const mount of [ROOT_MOUNT, MOUNT]) {
    await bao.call(`sys/mounts/${mount}`, { type: 'pki', config: { max_lease_ttl: '87600h' } })
    await bao.call(`${mount}/config/crl`, { auto_rebuild: true, enable_delta: true, delta_rebuild_interval: '2s' })
  }
  const { data: { certificate: root } } = await bao.call(`${ROOT_MOUNT}/root/generate/internal`, {
    common_name: 'Example Root', key_type: 'ec', key_bits: 256, ttl: '87600h'
  })
  const { data: { csr } } = await bao.call(`${MOUNT}/intermediate/generate/internal`, {
    common_name: 'Example Issuing CA', key_type: 'ec', key_bits: 256
  })
  const { data: { certificate } } = await bao.call(`${ROOT_MOUNT}/root/sign-intermediate`, { csr, ttl: '43800h' })
  await bao.call(`${MOUNT}/intermediate/set-signed`, { certificate: `${certificate}\n${root}` })
  return {
    root,
    async role (name, settings) { await bao.call(`${MOUNT}/roles/${name}`, settings) },
    async revoke (serialNumber) {
      // OpenBao writes serial numbers as 1a:2b:…
      const colons = serialNumber.padStart(serialNumber.length + serialNumber.length % 2, '0').match(/../g)?.join(':')
      await bao.call(`${MOUNT}/revoke`, { serial_number: colons })
    }
  }
}

/** Makes a role of AppRole with a policy, and returns what a service logs in with. */
export async function makeAppRole (
  bao: OpenBao, name: string, paths: Readonly<Record<string, readonly string[]>>, settings: object = {}
): Promise<{ roleId: string, secretId: string }> {
  const policy = Object.entries(paths).map(([path, capabilities]) => {
    return `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`
  }).join('\n')
  await bao.call(`sys/policies/acl/${name}`, { policy })
  await bao.call(`auth/approle/role/${name}`, { token_policies: name, token_ttl: '1h', ...settings })
  const { data: { role_id: roleId } } = await bao.call(`auth/approle/role/${name}/role-id`)
  const { data: { secret_id: secretId } } = await bao.call(`auth/approle/role/${name}/secret-id`, {})
  return { roleId, secretId }
}
