// What roles allow. The unit tests ask our code, and test/interop asks a real OpenBao the same.

/** Settings of a role, names that it allows, and names that it forbids. */
export type RoleCase = readonly [settings: object, allowed: readonly string[], forbidden: readonly string[]]

/** DNS names, which are the common name too. */
export const HOSTS: readonly RoleCase[] = [
  [{ allowed_domains: ['example.com'] }, [], ['example.com', 'a.example.com']],
  [{ allowed_domains: ['example.com'], allow_bare_domains: true }, ['example.com', 'EXAMPLE.com'], ['a.example.com']],
  [{ allowed_domains: ['example.com'], allow_subdomains: true }, ['a.example.com', 'A.b.example.com', '*.example.com'], ['a.b.Example.com', 'example.com', 'aexample.com', 'example.com.evil']],
  [{ allowed_domains: ['example.com'], allow_subdomains: true, allow_wildcard_certificates: false }, ['a.example.com'], ['*.example.com']],
  [{ allowed_domains: ['ftp*.example.com'], allow_glob_domains: true }, ['ftp1.example.com', 'ftp.example.com'], ['http.example.com']],
  [{ allowed_domains: ['*-*.example.com'], allow_glob_domains: true }, ['a-b.example.com'], ['ab.example.com', '.example.co']],
  [{ allowed_domains: ['ftp*.example.com'] }, [], ['ftp1.example.com']],
  [{ allow_any_name: true }, ['whatever.test', '*.test'], []],
  [{ allow_any_name: true, allow_wildcard_certificates: false }, ['a.test'], ['*.test']],
  [{ allow_localhost: true }, ['localhost', 'localdomain'], ['a.localhost', 'localhost.evil']],
  [{ allow_localhost: true, allow_subdomains: true }, ['localhost', 'a.localhost', 'a.localdomain'], ['alocalhost']],
  [{ allowed_domains: ['Example.com', '*.a.test'], allow_subdomains: true, allow_glob_domains: true }, ['a.Example.com', 'b.a.test'], ['a.example.com', 'B.A.test']],
  [{ allow_localhost: false }, [], ['localhost']]
]

export const URIS: readonly RoleCase[] = [
  [{}, [], ['spiffe://a/b']],
  [{ allowed_uri_sans: ['spiffe://a/*'] }, ['spiffe://a/b', 'spiffe://a/b/c', 'spiffe://a/'], ['spiffe://A/b', 'spiffe://b/a', 'https://spiffe//a/']],
  [{ allowed_uri_sans: ['spiffe://a/b'] }, ['spiffe://a/b'], ['spiffe://a/b/c', 'spiffe://a/']],
  [{ allowed_uri_sans: ['spiffe://*/b', 'https://a/*/c/*'] }, ['spiffe://x/b', 'https://a/b/c/d'], ['spiffe://x/c', 'https://a/c/d']]
]

export const ADDRESSES: readonly RoleCase[] = [
  [{}, ['10.0.0.1', '2001:db8::1'], []],
  [{ allow_ip_sans: false }, [], ['10.0.0.1']],
  [{ allowed_ip_sans_cidr: ['10.0.0.0/8', '2001:db8::/32'] }, ['10.1.1.1', '2001:db8::1'], ['11.1.1.1', '2001:db9::1']]
]
