import { test } from 'tap'
import { MAX_SPIFFE_ID_OCTETS, parseSpiffeId } from '@peerkit/identity'
import { spiffeReason } from './fixtures/reason.ts'

test('gives trust domain and path', async (t) => {
  const id = parseSpiffeId('spiffe://prod.example/ns/ops/sa/Billing_2.x-y')
  t.equal(id.trustDomain, 'prod.example')
  t.equal(id.path, '/ns/ops/sa/Billing_2.x-y')
  t.equal(String(id), 'spiffe://prod.example/ns/ops/sa/Billing_2.x-y')
  t.ok(Object.isFrozen(id))
  t.equal(parseSpiffeId('spiffe://td').path, '')
  t.equal(parseSpiffeId('spiffe://10.0.0.1/...').path, '/...')
  t.equal(parseSpiffeId('spiffe://a_b-c.1').trustDomain, 'a_b-c.1')
})

test('refuses every other spelling', async (t) => {
  const cases: Record<string, string> = {
    '': 'scheme',
    'https://td/a': 'scheme',
    'SPIFFE://td/a': 'scheme',
    'spiffe:td/a': 'scheme',
    ' spiffe://td/a': 'scheme',
    'spiffe://': 'trust_domain_missing',
    'spiffe:///a': 'trust_domain_missing',
    'spiffe://TD/a': 'trust_domain_character',
    'spiffe://td:8443/a': 'trust_domain_character',
    'spiffe://user@td/a': 'trust_domain_character',
    'spiffe://td?x': 'trust_domain_character',
    'spiffe://td#x': 'trust_domain_character',
    'spiffe://[::1]/a': 'trust_domain_character',
    'spiffe://t%64/a': 'trust_domain_character',
    'spiffe://t\u00fc/a': 'trust_domain_character',
    'spiffe://td\n/a': 'trust_domain_character',
    'spiffe://td/': 'path_trailing_slash',
    'spiffe://td/a/': 'path_trailing_slash',
    'spiffe://td//a': 'path_empty_segment',
    'spiffe://td/a//b': 'path_empty_segment',
    'spiffe://td/.': 'path_dot_segment',
    'spiffe://td/a/../b': 'path_dot_segment',
    'spiffe://td/a?b=c': 'path_character',
    'spiffe://td/a#b': 'path_character',
    'spiffe://td/%61': 'path_character',
    'spiffe://td/a b': 'path_character',
    'spiffe://td/a*': 'path_character',
    'spiffe://td/a\0': 'path_character',
    'spiffe://td/a\n': 'path_character',
  }
  for (const [uri, reason] of Object.entries(cases)) {
    t.equal(spiffeReason(() => parseSpiffeId(uri)), reason, JSON.stringify(uri))
  }
  t.equal(spiffeReason(() => parseSpiffeId(undefined as never)), 'not_a_string')
})

test('holds trust domain and whole ID to their lengths', async (t) => {
  const domain = 'd'.repeat(255)
  t.equal(parseSpiffeId(`spiffe://${domain}`).trustDomain, domain)
  t.equal(spiffeReason(() => parseSpiffeId(`spiffe://${domain}d`)), 'trust_domain_too_long')
  const longest = `spiffe://td/${'a'.repeat(MAX_SPIFFE_ID_OCTETS - 12)}`
  t.equal(String(parseSpiffeId(longest)), longest)
  t.equal(spiffeReason(() => parseSpiffeId(`${longest}a`)), 'too_long')
})
