// The picture of docs/architecture.md as data: who may import whom at run time.
export const arrows: Readonly<Record<string, readonly string[]>> = {
  identity: [],
  events: ['identity'],
  rules: ['identity'],
  revocation: ['events', 'identity'],
  trust: ['events', 'identity', 'revocation'],
  credentials: ['events', 'identity', 'revocation', 'trust'],
  forwarded: ['identity'],
  'fastify-mtls': ['credentials', 'events', 'forwarded', 'identity', 'trust', 'revocation'],
  'fastify-allowed-clients': ['events', 'identity', 'rules'],
  'undici-mtls': ['credentials', 'events', 'identity', 'revocation', 'rules', 'trust'],
  'fastify-mtls-client': ['identity', 'undici-mtls'],
  'mtls-monitor': ['credentials', 'events', 'identity', 'revocation'],
  'fastify-mtls-monitor': ['identity', 'mtls-monitor'],
  'fastify-mtls-console': ['credentials', 'events', 'identity', 'revocation', 'rules', 'trust'],
  'dev-ca': ['identity'],
  cli: ['dev-ca', 'identity', 'revocation', 'rules', 'trust']
}
