import { BlockList, isIP } from 'node:net'
import type { RequestedNames } from '../../request/requested-names.ts'
import { textsOf } from '../vault-api.ts'

/** A role of a PKI mount, as OpenBao and Vault show it. */
export type Role = Readonly<Record<string, unknown>>

/**
 * Finds names that a role does not allow, as OpenBao decides about them. What cannot be decided here, such as a
 * template, counts as allowed.
 *
 * @returns a sentence for each
 */
export function findForbiddenNames (role: Role, names: RequestedNames): readonly string[] {
  const { cn, dns = [], ip = [], uri = [] } = names
  const isHost = cn !== undefined && !cn.includes('@')
  // Without the CN in the alternative names, and without a check of it, any CN is allowed.
  const hosts = [
    ...(isHost && !textsOf(role['cn_validations']).includes('disabled') ? [['cn', cn] as const] : []),
    ...dns.map((name) => ['dns', name] as const)
  ]
  return [
    ...hosts.filter(([, name]) => !allowsHost(role, name)).map(([kind, name]) => {
      return `names.${kind} has ${JSON.stringify(name)}; the role allows ${describeHosts(role)}`
    }),
    ...uri.filter((name) => !allowsUri(role, name)).map((name) => {
      const allowed = textsOf(role['allowed_uri_sans'])
      const shown = allowed.length === 0 ? 'no URI' : `the URIs ${allowed.join(', ')}`
      return `names.uri has ${JSON.stringify(name)}; the role allows ${shown} (allowed_uri_sans)`
    }),
    ...ip.filter((address) => !allowsAddress(role, address)).map((address) => {
      const networks = textsOf(role['allowed_ip_sans_cidr'])
      const shown = role['allow_ip_sans'] === false
        ? 'no IP addresses (allow_ip_sans)'
        : `addresses of ${networks.join(', ')} (allowed_ip_sans_cidr)`
      return `names.ip has ${JSON.stringify(address)}; the role allows ${shown}`
    })
  ]
}

function allowsHost (role: Role, name: string): boolean {
  if (name.includes('*') && role['allow_wildcard_certificates'] === false) return false
  if (role['allow_any_name'] === true || role['allow_token_displayname'] === true) return true
  if (role['allow_localhost'] !== false && LOCAL.some((local) => isWithin(role, local, name))) return true
  const domains = textsOf(role['allowed_domains'])
  if (role['allowed_domains_template'] === true || domains.some((domain) => domain.includes('{{'))) return true
  return domains.some((domain) => allowsBelow(role, domain, name))
}

const LOCAL = ['localhost', 'localdomain']

function isWithin (role: Role, local: string, name: string): boolean {
  return name === local || (role['allow_subdomains'] === true && name.endsWith(`.${local}`))
}

/** OpenBao compares the domain itself in any case, and what is below it in the case that was given. */
function allowsBelow (role: Role, domain: string, name: string): boolean {
  if (role['allow_bare_domains'] === true && name.toLowerCase() === domain.toLowerCase()) return true
  // A wildcard may be the first label alone, so it is one below the domain as another name is.
  if (role['allow_subdomains'] === true && name.endsWith(`.${domain}`)) return true
  return role['allow_glob_domains'] === true && matchesGlob(domain, name)
}

function allowsUri (role: Role, uri: string): boolean {
  const allowed = textsOf(role['allowed_uri_sans'])
  if (role['allowed_uri_sans_template'] === true || allowed.some((glob) => glob.includes('{{'))) return true
  return allowed.some((glob) => matchesGlob(glob, uri))
}

function allowsAddress (role: Role, address: string): boolean {
  if (role['allow_ip_sans'] === false) return false
  const networks = textsOf(role['allowed_ip_sans_cidr'])
  if (networks.length === 0 || isIP(address) === 0) return true
  const list = new BlockList()
  for (const network of networks) {
    const [start = '', bits = ''] = network.split('/')
    const family = isIP(start)
    if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 6 ? 128 : 32)) return true
    list.addSubnet(start, Number(bits), family === 6 ? 'ipv6' : 'ipv4')
  }
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** `*` stands for any characters, also none. */
function matchesGlob (glob: string, text: string): boolean {
  const [first = '', ...rest] = glob.split('*')
  if (rest.length === 0) return glob === text
  const last = rest.pop() as string
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}

function describeHosts (role: Role): string {
  const domains = textsOf(role['allowed_domains'])
  const settings = ['allow_bare_domains', 'allow_subdomains', 'allow_glob_domains']
  const shown = settings.map((name) => `${name}=${String(role[name] === true)}`).join(', ')
  return `${domains.length === 0 ? 'no domains' : `the domains ${domains.join(', ')}`} (allowed_domains, with ${shown})`
}
