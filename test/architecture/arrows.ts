/** Whose types a package imports, as an optional peer: it finds the other one on the app, and loads nothing of it. */
export const typeArrows: Readonly<Record<string, readonly string[]>> = {
  'fastify-mtls-console': ['fastify-allowed-clients']
}

// The picture of docs/architecture.md as data: who may import whom at run time.
export const arrows: Readonly<Record<string, readonly string[]>> = {
  identity: [],
  events: ['identity'],
  rules: ['identity'],
  revocation: ['events', 'identity'],
  trust: ['events', 'identity', 'revocation'],
  credentials: ['events', 'identity', 'revocation', 'trust'],
  spiffe: ['credentials', 'identity', 'trust'],
  issuers: ['credentials', 'events', 'identity', 'revocation', 'trust', 'undici-mtls'],
  forwarded: ['events', 'identity'],
  'fastify-mtls': ['credentials', 'events', 'forwarded', 'identity', 'trust', 'revocation'],
  'fastify-allowed-clients': ['credentials', 'events', 'identity', 'rules'],
  'undici-mtls': ['credentials', 'events', 'identity', 'revocation', 'rules', 'trust'],
  'fastify-mtls-client': ['events', 'identity', 'undici-mtls'],
  'mtls-monitor': ['credentials', 'events', 'identity', 'revocation'],
  'fastify-mtls-console': ['credentials', 'events', 'identity', 'revocation', 'rules', 'trust'],
  'dev-ca': ['identity'],
  cli: ['credentials', 'dev-ca', 'events', 'identity', 'revocation', 'rules', 'spiffe', 'trust'],
  create: ['cli']
}
