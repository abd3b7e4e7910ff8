// Random rules and identities over a small vocabulary, so that they meet often.
import { createPartialIdentity, limitPeerIdentity } from '@peerkit/identity'
import type { ClaimKind, PeerIdentity } from '@peerkit/identity'
import type { NaiveQuestion } from './evaluate.ts'
import type { Random } from './random.ts'

const TEXTS = ['a', 'b', 'A', 'a,b', 'ü']
const NAMES = [
  'CN=a', 'CN=b,O=a', 'CN=a+OU=b,O=a', 'OU=b+CN=a,O=a', 'O=a,CN=b', 'CN=a,CN=b,OU=a,OU=b', 'CN=a\\,b,O=ü',
  'CN=#1602c3bc', 'O=a', 'DC=a,DC=b,CN=a'
]
const CA_NAMES = ['CN=CA', 'CN=CA,O=a', 'O=a', 'CN=CA 2+O=b']
const DNS = ['x', 'a.x', 'A.X', 'b.x', 'c.b.x', '*.x', '.x', 'a_.x', 'a b.x', 'x.a']
const DNS_RULES = ['x', 'a.x', 'B.x', '*.x', '*.b.x', '*.B.X', 'c.b.x']
const URIS = [
  'https://h/a', 'https://h/a/b', 'https://h/a/b/c', 'https://h', 'https://h/', 'https://h/a//b', 'https://h/%2f',
  'https://h/a/..', 'https://h/A', 'https://h/a?b', 'https://h/a%20', 'https://i/a', 'urn:a:b', 'https://h/%2E%2e/b'
]
const URI_RULES = [
  'https://h/a', 'https://h/*', 'https://h/**', 'https://h/a/*', 'https://h/*/b', 'https://h/a/**', 'https://h/*/*',
  'urn:a:b', 'https://h/a?b', 'https://h//**'
]
const IDS = [
  'spiffe://td/a', 'spiffe://td/a/b', 'spiffe://td/a/b/c', 'spiffe://te/a', 'spiffe://td.x/b', 'spiffe://td/b'
]
const ID_RULES = [
  'spiffe://td', 'spiffe://td/a', 'spiffe://td/*', 'spiffe://td/**', 'spiffe://td/a/*', 'spiffe://td/*/b',
  'spiffe://te', 'spiffe://td/a/**', 'spiffe://td/*/**'
]
const EMAILS = ['a@x.y', 'A@x.y', 'a@X.Y', '"a@b"@x.y', 'a']
const EMAIL_RULES = ['a@x.y', 'a@X.y', 'A@x.y', '"a@b"@x.Y']
const IPS = ['10.0.0.1', '10.1.0.1', '192.0.2.1', '::ffff:10.0.0.1', '2001:db8::1', '2001:db8:1::', '::', '::1']
const IP_RULES = [
  '10.0.0.1', '10.0.0.0/8', '10.0.0.0/16', '0.0.0.0/1', '::/1', '::ffff:10.0.0.0/104', '2001:DB8:0::1', '2001:db8::/32',
  '2001:db8::/48', '::ffff:192.0.2.1', '0:0::1', '8000::/1'
]
const DIGESTS = ['0a', 'b1', 'c2'].map((octet) => octet.repeat(32))
const DOMAINS = ['td', 'te', 'td.x', 'tf']
const UPNS = ['a@x.y', 'A@x.y', 'a@X.Y', 'a@b@x.y', 'a']
const USAGES = ['digitalSignature', 'keyAgreement', 'keyCertSign'] as const
const OIDS = ['1.2.3', '1.2.4', '2.5.29.37.0', '1.3.6.1.5.5.7.3.2']
const SERIALS = ['00', '01', '0a1b', 'ff']
const AUTHORITIES = ['internal', 'partner']
const KINDS: readonly ClaimKind[] = [
  'subject', 'spiffe', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission',
  'extension'
]

const MOMENTS = ['2027-01-01', '2027-01-01T00:00:01Z', '2027-01-02', '2028-01-01T01:00:00+01:00']
const SOURCES = ['param', 'query', 'header']
const NAMES_OF_VALUES = ['x', 'y']
/** The keys whose values may come from a request, with texts that a client might send. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  cn: TEXTS,
  o: TEXTS,
  ou: TEXTS,
  dns: [...DNS, ...DNS_RULES],
  uri: [...URIS, ...URI_RULES],
  spiffe: [...IDS, ...ID_RULES],
  email: [...EMAILS, ...EMAIL_RULES],
  ip: [...IPS, ...IP_RULES],
  trustDomain: [...DOMAINS, 'T', 'td/a'],
  upn: [...UPNS, '*@x.y'],
  registeredId: [...OIDS, '1.2.a'],
  subject: [...NAMES, 'CN', 'a'],
  issuer: CA_NAMES,
  directoryName: NAMES,
  authority: AUTHORITIES
}

/** A request with none, one or several values of each name, and a moment; sometimes no request. */
export function randomQuestion (random: Random): NaiveQuestion {
  const request: Record<string, readonly string[]> = {}
  const texts = random.pick(Object.values(ASKED))
  for (const source of SOURCES) {
    for (const name of NAMES_OF_VALUES) request[`${source} ${name}`] = random.some(texts, random.pick([0, 1, 1, 1]), 1)
  }
  if (random.chance(0.2)) request['param x'] = ['a', 'a']
  const now = Date.parse(random.pick(MOMENTS)) + random.pick([-1, 0, 1])
  return { request: random.chance(0.1) ? undefined : request, now }
}

/** An identity in which anything may be missing (unknown), empty (known to be absent) or not believed. */
export function randomIdentity (random: Random, depth = 0): PeerIdentity {
  const peer = randomCertificate(random, depth)
  if (random.chance(0.5)) return peer
  const notBelieved = random.chance(0.3) ? [] : [...new Set(random.some(KINDS, 1, 4))]
  return limitPeerIdentity(peer, random.pick(AUTHORITIES), notBelieved)
}

function randomCertificate (random: Random, depth: number): PeerIdentity {
  const known = <T> (make: () => T): T | undefined => random.chance(0.75) ? make() : undefined
  const isSvid = random.chance(0.4)
  const uri = isSvid ? [random.pick(IDS)] : random.some([...URIS, ...IDS], 0, 2)
  return createPartialIdentity({
    serialNumber: random.pick(SERIALS),
    ...(random.chance(0.2) ? { serialNumber: undefined, publicKey256: random.pick(DIGESTS) } : {}),
    subject: known(() => random.pick(NAMES)),
    issuer: known(() => random.pick(CA_NAMES)),
    subjectAltNames: known(() => ({
      dns: known(() => random.some(DNS, 0, 3)),
      uri: known(() => uri),
      email: known(() => random.some(EMAILS, 0, 2)),
      ip: known(() => random.some(IPS, 0, 2)),
      directoryName: known(() => random.some(NAMES, 0, 2)),
      otherName: known(() => random.some([
        ...UPNS.map((value) => ({ type: '1.3.6.1.4.1.311.20.2.3', value })), { type: '1.2.3', value: 'a' },
        { type: '1.2.3', value: 'b' }, { type: '1.2.4', value: 'a' }
      ], 0, 2)),
      registeredId: known(() => random.some(OIDS, 0, 2)),
    })),
    isCa: random.pick([undefined, false, false, true]),
    fingerprint256: known(() => random.pick(DIGESTS)),
    policies: known(() => random.some(OIDS, 0, 2)),
    extendedKeyUsage: known(() => random.some(OIDS, 0, 2)),
    keyUsage: known(() => random.some(USAGES, 0, 2)),
    source: random.pick(['tls', 'forwarded']),
    via: depth === 0 ? Array.from({ length: random.below(3) }, () => randomIdentity(random, 1)) : [],
  })
}

export function randomRule (random: Random, depth = 0, gateway = false): Record<string, unknown> {
  const rule: Record<string, unknown> = {}
  const count = random.pick([1, 1, 1, 2, 2, 3])
  while (Object.keys(rule).length < count) addKey(rule, random, depth, gateway)
  if ('spiffe' in rule && 'uri' in rule) delete rule.uri
  if ('spiffe' in rule && 'trustDomain' in rule) delete rule.spiffe
  for (const key of Object.keys(rule)) if (key in ASKED && random.chance(0.15)) rule[key] = randomAsked(random, rule[key])
  if (depth === 0 && random.chance(0.1)) rule[random.pick(['validFrom', 'validUntil'])] = random.pick(MOMENTS)
  return rule
}

/** A value of the request in place of what a rule has, or beside it. */
function randomAsked (random: Random, values: unknown): unknown {
  const asked = { [random.pick(SOURCES)]: random.pick(NAMES_OF_VALUES) }
  return random.chance(0.6) ? asked : [values, asked].flat()
}

function addKey (rule: Record<string, unknown>, random: Random, depth: number, gateway: boolean): void {
  const values = <T> (from: readonly T[]): T | T[] =>
    random.chance(0.6) ? random.pick(from) : random.some(from, 1, random.chance(0.1) ? 12 : 3)
  const attributes = (): object => Object.fromEntries(random.some(
    ['cn', 'O', 'ou', '2.5.4.3'], 1, 2
  ).filter((type, index, all) => index === 0 || type !== all[0])
    .filter((type, _, all) => !(type === '2.5.4.3' && all.includes('cn')))
    .map((type) => [type, random.chance(0.15) ? randomAsked(random, values(TEXTS)) : values(TEXTS)]))
  const names = (from: readonly string[]): unknown => random.chance(0.5)
    ? values(from)
    : random.chance(0.5)
      ? attributes()
      : Array.from({ length: 1 + random.below(3) }, () => random.chance(0.5) ? attributes() : random.pick(from))
  const nested = (inGateway: boolean): unknown => random.chance(0.7)
    ? randomRule(random, depth + 1, inGateway)
    : Array.from({ length: 1 + random.below(2) }, () => randomRule(random, depth + 1, inGateway))
  const digest = (hex: string): string => random.pick([
    hex, hex.toUpperCase(), Buffer.from(hex, 'hex').toString('base64'), (hex.match(/../g) as string[]).join(':')
  ])
  const key = random.pick([
    'cn', 'o', 'ou', 'subject', 'issuer', 'dns', 'uri', 'spiffe', 'trustDomain', 'email', 'ip', 'serialNumber',
    'fingerprint', 'publicKey', 'policy', 'extendedKeyUsage', 'upn', 'otherName', 'directoryName', 'registeredId',
    'keyUsage', 'authority', 'via', 'not', 'not'
  ])
  switch (key) {
    case 'cn': case 'o': case 'ou': rule[key] = values(TEXTS); break
    case 'subject': rule.subject = names(NAMES); break
    case 'issuer': rule.issuer = names(CA_NAMES); break
    case 'dns': rule.dns = values(DNS_RULES); break
    case 'uri': rule.uri = values(URI_RULES); break
    case 'spiffe': rule.spiffe = values(ID_RULES); break
    case 'trustDomain': rule.trustDomain = values(DOMAINS); break
    case 'email': rule.email = values(EMAIL_RULES); break
    case 'ip': rule.ip = values(IP_RULES); break
    case 'serialNumber': rule.serialNumber = values([
      '0', '1', '0A:1B', 'a1b', '00ff'
    ]); rule.issuer ??= names(CA_NAMES); break
    case 'fingerprint': rule.fingerprint = digest(random.pick(DIGESTS)); break
    case 'publicKey': rule.publicKey = [digest(random.pick(DIGESTS))]; break
    case 'policy': rule.policy = values(OIDS); break
    case 'authority': rule.authority = values(AUTHORITIES); break
    case 'upn': rule.upn = values(UPNS); break
    case 'otherName': rule.otherName = values([
      { oid: '1.2.3' }, { oid: '1.2.3', value: 'a' }, { oid: '1.2.3', value: ['b', 'c'] }, { oid: '1.2.4', value: 'b' }
    ]); break
    case 'directoryName': rule.directoryName = names(NAMES.filter((name) => !name.includes('#'))); break
    case 'registeredId': rule.registeredId = values(OIDS); break
    case 'keyUsage': rule.keyUsage = values(USAGES); break
    case 'extendedKeyUsage': rule.extendedKeyUsage = values(OIDS); break
    case 'via': if (depth < 3 && !gateway) rule.via = nested(true); break
    default: if (depth < 3) rule.not = nested(gateway)
  }
}

/** Rules that name groups, and groups that name the groups before them. */
export function randomRuleSet (random: Random): { rules: unknown[], groups: Record<string, unknown> } {
  const groups: Record<string, unknown> = {}
  for (let i = random.below(4); i > 0; i--) {
    const names = Object.keys(groups)
    groups[`g${i}`] = random.chance(0.5)
      ? randomRule(random)
      : Array.from(
        { length: 1 + random.below(3) },
        () => names.length > 0 && random.chance(0.3) ? random.pick(names) : randomRule(random)
      )
  }
  const names = Object.keys(groups)
  const rules = Array.from(
    { length: 1 + random.below(random.chance(0.1) ? 30 : 5) },
    () => names.length > 0 && random.chance(0.25) ? random.pick(names) : randomRule(random)
  )
  return { rules, groups }
}
