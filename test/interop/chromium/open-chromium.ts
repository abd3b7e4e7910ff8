import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { BrowserContext } from 'playwright-core'

export interface ChromiumTools { readonly chromium: string, readonly certutil: string, readonly pk12util: string, readonly openssl: string }

export interface Visitor {
  readonly origin: string
  /** PEM files of who visits, and of the CA that the server's certificate is of. */
  readonly cert: string
  readonly key: string
  readonly ca: string
  /** The policies of the browser. By default it presents any certificate that the server takes. */
  readonly policies?: object
}

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/**
 * Whether a process may see a file system of its own. Chromium takes the choice of a client certificate from a policy alone, and policies from /etc alone: with this the policy
 * is there for our browser and nobody else.
 */
export const canIsolate: boolean = spawnSync('unshare', ['--mount', '--map-root-user', 'true']).status === 0

/**
 * A headless Chromium in a home of its own that presents a certificate. Its own TLS does so, from its own certificate store, where that can be; else Playwright's does it in its
 * place. Closing the context removes the home.
 */
export async function openChromium (tools: ChromiumTools, visitor: Visitor): Promise<BrowserContext> {
  const home = mkdtempSync(join(tmpdir(), 'peerkit-chromium-'))
  const options = { args: FLAGS, viewport: { width: 1280, height: 900 }, env: { ...process.env as Record<string, string>, HOME: home } }
  const { origin, cert, key } = visitor
  const context = canIsolate
    ? await chromium.launchPersistentContext(join(home, 'profile'), { ...options, executablePath: fillHome(home, tools, visitor) })
    : await chromium.launchPersistentContext(join(home, 'profile'), { ...options, executablePath: tools.chromium, ignoreHTTPSErrors: true, clientCertificates: [{ origin, certPath: cert, keyPath: key }] })
  context.on('close', () => { rmSync(home, { recursive: true, force: true, maxRetries: 5 }) })
  return context
}

/** The certificate store, the policy, and a script that starts Chromium with it. */
function fillHome (home: string, tools: ChromiumTools, visitor: Visitor): string {
  const { origin, cert, key, ca, policies = { AutoSelectCertificateForUrls: [JSON.stringify({ pattern: origin, filter: {} })] } } = visitor
  const store = join(home, '.pki/nssdb')
  mkdirSync(store, { recursive: true })
  const run = (file: string, ...args: string[]): void => { execFileSync(file, args, { stdio: 'pipe' }) }
  run(tools.certutil, '-d', `sql:${store}`, '-N', '--empty-password')
  run(tools.certutil, '-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'ca', '-i', ca)
  run(tools.openssl, 'pkcs12', '-export', '-in', cert, '-inkey', key, '-name', 'visitor', '-out', join(home, 'visitor.p12'), '-passout', 'pass:x')
  run(tools.pk12util, '-d', `sql:${store}`, '-i', join(home, 'visitor.p12'), '-W', 'x')
  const policy = join(home, 'policy.json')
  writeFileSync(policy, JSON.stringify(policies))
  const script = join(home, 'chromium.sh')
  const start = 'mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed && cp "$0" /etc/chromium/policies/managed/ && exec "$@"'
  writeFileSync(script, `#!/bin/sh\nexec unshare --mount --map-root-user sh -c '${start}' '${policy}' '${tools.chromium}' "$@"\n`, { mode: 0o755 })
  return script
}
