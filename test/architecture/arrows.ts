// The picture of docs/architecture.md as data: who may import whom at run time.
export const arrows: Readonly<Record<string, readonly string[]>> = {
  identity: [],
  rules: ['identity'],
  revocation: ['identity'],
  credentials: ['identity', 'revocation'],
  forwarded: ['identity'],
  'fastify-mtls': ['credentials', 'forwarded', 'identity', 'revocation'],
  'fastify-allowed-clients': ['identity', 'rules'],
  'undici-mtls': ['credentials', 'identity', 'revocation', 'rules'],
  'fastify-mtls-client': ['undici-mtls'],
  'dev-ca': ['identity', 'rules']
}
