import type { Language } from './language.ts'

/** Foreign packages of a new project. A test holds them to those of this repository. */
export const VERSIONS: Readonly<Record<string, string>> = {
  fastify: '^5.0.0',
  undici: '^8.0.0',
  typescript: '^6.0.0',
  '@types/node': '^22.19.0'
}

/** Commands that write the certificates for development, into `pki`. They are the script `certs` too. */
export const CERTIFICATES: ReadonlyArray<readonly string[]> = [
  ['ca', 'init', '--dir', 'pki', '--days', '90', '--force'],
  issue('server', '--profile', 'server', '--cn', 'server', '--dns', 'localhost', '--ip', '127.0.0.1'),
  issue('alice', '--profile', 'client', '--cn', 'alice', '--ou', 'billing'),
  issue('mallory', '--profile', 'client', '--cn', 'mallory', '--ou', 'interns'),
  ['crl', '--dir', 'pki', '--days', '30']
]

function issue (name: string, ...options: readonly string[]): string[] {
  return ['cert', 'issue', '--dir', 'pki', '--out', `pki/${name}`, ...options, '--days', '30', '--force']
}

/** @param version the version of the suite */
export function makeManifest (name: string, version: string, { extension, typed }: Language): string {
  const suite = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((one) => [`@peerkit/${one}`, `^${version}`]))
  const foreign = (...names: readonly string[]): Record<string, string | undefined> =>
    Object.fromEntries(names.map((one) => [one, VERSIONS[one]]))
  const isTyped = typed('yes') !== ''
  const manifest = {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=22.19' },
    scripts: {
      start: `node server.${extension}`,
      test: `node --test test/*.test.${extension}`,
      ...(isTyped && { types: 'tsc' }),
      rules: 'peerkit rules lint --rules rules.yaml',
      certs: CERTIFICATES.map((words) => `peerkit ${words.join(' ')}`).join(' && ')
    },
    dependencies: {
      ...suite(['credentials', 'fastify-allowed-clients', 'fastify-mtls']),
      ...foreign('fastify')
    },
    devDependencies: {
      ...suite(['cli', 'dev-ca', 'identity', 'undici-mtls']),
      ...foreign(...(isTyped ? ['@types/node', 'typescript'] : []), 'undici')
    }
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** Node runs TypeScript by itself. The compiler only checks types. */
export const TSCONFIG: string = `${JSON.stringify({
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true
  },
  include: ['*.ts', 'test']
}, null, 2)}\n`

/** `pki` has private keys. */
export const GITIGNORE = 'node_modules/\npki/\n'

export function makeReadme (name: string, { extension }: Language): string {
  return `# ${name}

A service that only clients with a certificate can call. [Peerkit](https://github.com/peerkit/peerkit) verifies the
certificate; \`rules.yaml\` says which client may call which route.

\`\`\`sh
npm install
npm test
npm start
\`\`\`

Call it from another terminal. Alice is from billing, Mallory is not:

\`\`\`sh
curl --cacert pki/root.pem --cert pki/alice.pem --key pki/alice.key https://localhost:8443/invoices
curl --cacert pki/root.pem --cert pki/mallory.pem --key pki/mallory.key https://localhost:8443/invoices
curl --cacert pki/root.pem https://localhost:8443/invoices
\`\`\`

The first call is answered, the second gets 403, and the third gets no answer at all.

| file | what it is |
| --- | --- |
| \`app.${extension}\` | the routes |
| \`server.${extension}\` | reads the certificates, and listens |
| \`rules.yaml\` | who may call which route |
| \`test/\` | tests of the rules, and of real connections |
| \`pki/\` | a CA and certificates for development, with their keys. Git ignores it; \`npm run certs\` makes it again |

| command | what it does |
| --- | --- |
| \`npm run certs\` | makes a new CA and new certificates, valid for 30 days. A running server takes them over |
| \`npm run rules\` | looks for mistakes in \`rules.yaml\` |
| \`PORT=9443 npm start\` | listens on another port than 8443 |

While \`npm run certs\` writes, a running server logs \`new credentials in force, with warnings\`. The warnings say that
a CA has another key, and that a CRL is missing. The reason: \`npm run certs\` writes one file after another, so for a
few seconds the new CA stands beside old certificates and an old CRL. The server may refuse clients until then. Wait
for the line \`new credentials in force\` without warnings: the server has read all new files. If warnings remain, run
\`npm run certs\` again.

For production, get certificates from
[your own CA](https://github.com/peerkit/peerkit/blob/main/docs/issuers/README.md), and give their paths in
\`server.${extension}\`. Nothing else changes.
`
}
