import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DefaultTheme } from 'vitepress'
import { API_FOLDER, foldersWithReadme, pageOf, root, titleOf } from './pages.ts'

type Item = DefaultTheme.SidebarItem

/** The groups of documents, in the order of `docs/README.md`. Each document of `docs/` is in one of them. */
const GROUPS: ReadonlyArray<readonly [text: string, names: readonly string[]]> = [
  ['Start', [
    '../README.md', 'start/mutual-tls.md', 'start/ten-minutes.md', 'compare.md', 'faq.md', 'glossary.md', 'versions.md',
    'README.md'
  ]],
  ['When something fails', ['trouble.md', 'handshake-failures.md', 'reasons.md', 'errors.md']],
  ['Say who may call', [
    'several-cas.md', 'several-cas-decisions.md', 'recipes/rate-limits.md', 'recipes/open-banking.md',
    'recipes/health-and-charging.md'
  ]],
  ['Get certificates', [
    'issuers/README.md', 'issuers/acme.md', 'issuers/openbao.md', 'issuers/step-ca.md', 'issuers/kubernetes.md',
    'issuers/custom.md', 'spiffe.md', 'hardware-keys.md'
  ]],
  ['Run a service', [
    'recipes/kubernetes.md', 'recipes/docker-compose.md', 'recipes/systemd.md', 'recipes/cluster.md',
    'recipes/probes.md', 'hosts.md'
  ]],
  ['Behind a load balancer, a proxy or a mesh', ['gateways/README.md', 'recipes/clouds.md', 'recipes/mesh.md']],
  ['Protocols and clients', [
    'clients.md', 'recipes/browsers.md', 'recipes/cors.md', 'recipes/websockets.md', 'recipes/grpc.md',
    'recipes/graphql.md'
  ]],
  ['Move to Peerkit', [
    'moving/from-node-tls.md', 'moving/from-express.md', 'moving/from-nginx.md', 'moving/from-ghostunnel.md',
    'moving/from-a-mesh.md'
  ]],
  ['Operate a service', [
    'recipes/ca-rotation.md', 'revocation.md', 'audit.md', 'events.md', 'metrics.md', 'performance.md'
  ]],
  ['Review its security', [
    'threat-model.md', 'recipes/compliance.md', 'spiffe-conformance.md', '../SECURITY.md', 'architecture.md'
  ]],
  ['Change Peerkit', [
    '../CONTRIBUTING.md', 'testing.md', 'decisions/README.md', '../ROADMAP.md', '../RELEASING.md',
    '../CODE_OF_CONDUCT.md'
  ]]
]

/** Names for the menu where the heading of the page is too long. */
const SHORT: Readonly<Record<string, string>> = {
  'README.md': 'Peerkit',
  'docs/README.md': 'All documents',
  'docs/start/ten-minutes.md': 'Ten minutes'
}

/** The menu at the left. */
export function makeSidebar (): Item[] {
  const groups = GROUPS.map(([text, names], index): Item => {
    return { text, collapsed: index > 2, items: names.map((name) => itemOf(join('docs', name))) }
  })
  const examples = foldersWithReadme('examples').map((name) => {
    const file = `examples/${name}/README.md`
    return itemOf(file, titleOf(file).replace(/^Example: (.)/, (_match, first: string) => first.toUpperCase()))
  })
  const packages = foldersWithReadme('packages').map((name) => itemOf(`packages/${name}/README.md`, name))
  return [
    ...groups.slice(0, 3),
    { text: 'Packages', collapsed: false, items: packages },
    ...groups.slice(3, 7),
    { text: 'Examples', collapsed: true, items: examples },
    ...groups.slice(7),
    { text: 'API reference', collapsed: true, items: apiPages() }
  ]
}

/** Files of `docs/` that no group names: a reader would not find them. Decisions have their own list. */
export function withoutPlace (): string[] {
  const named = new Set(GROUPS.flatMap(([, names]) => names.map((name) => join('docs', name))))
  return readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('decisions/'))
    .map((name) => join('docs', name))
    .filter((file) => !named.has(file))
}

function itemOf (file: string, text = SHORT[file] ?? titleOf(file)): Item {
  const page = pageOf(file)
  if (page === undefined) throw new Error(`the menu names ${file}, and the site has no such page`)
  return { text, link: `/${page.replace(/(?:index)?\.md$/, '')}` }
}

function apiPages (): Item[] {
  const names = readdirSync(join(root, API_FOLDER), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.md')).sort().map((name) => {
    return itemOf(join(API_FOLDER, name), name === 'index.md' ? 'All entry points' : name.slice(0, -'.md'.length))
  })
}
