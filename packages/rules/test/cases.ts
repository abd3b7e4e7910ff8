/** One rule set, and what the validator and the JSON Schema say of it. */
export interface Case {
  readonly name: string
  readonly rules: unknown
  /** Of invalid ones: the reason and the path of the error. */
  readonly reason?: string
  readonly path?: string
  /** Only the compiler can tell that it is invalid; to the schema it is valid. */
  readonly semantic?: true
  /** Part of the error's message. */
  readonly says?: string
}

export const HEX = 'ab'.repeat(32)
export const BASE64 = Buffer.from(HEX, 'hex').toString('base64')
export const COLONS = (HEX.toUpperCase().match(/../g) as string[]).join(':')

/** Groups that the cases may name. */
export const GROUPS = { billing: { ou: 'billing' }, ops: [{ ou: 'ops' }, 'billing'] }

const all = (key: string, values: readonly unknown[]): Case[] =>
  values.map((value) => ({ name: `${key} ${JSON.stringify(value)}`, rules: [{ [key]: value }] }))

export const VALID: readonly Case[] = [
  { name: 'a group', rules: ['billing'] },
  { name: 'a group that stands alone', rules: 'billing' },
  { name: 'a rule that stands alone', rules: { ou: 'billing' } },
  {
    name: 'groups, rules and lists',
    rules: [
      'ops', { cn: 'a' }, { commonName: ['a', 'b'], o: 'x', ou: ['y'] }, { organization: 'x', organizationalUnit: 'y' }
    ]
  },
  ...all('subject', [
    'CN=web,O=Example', 'CN=a\\,b+OU=c', { cn: 'web' },
    { CN: ['a', 'b'], o: 'x', '2.5.4.15': 'y', organizationIdentifier: 'z' }, ['CN=a', { o: 'x' }, { o: 'y', ou: 'z' }]
  ]),
  ...all('issuer', ['CN=CA', { o: 'Example' }, [{ commonName: 'a' }, { cn: 'b' }]]),
  ...all('dns', [
    'a', 'localhost', 'api.example.com', 'API.Example.COM', '*.example.com', '*.internal', '_x.a-b.example',
    'xn--mller-kva.example', ['a', '*.b']
  ]),
  ...all('uri', [
    'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'https://a.example/x?y#z', 'https://a.example/*',
    'https://a.example/*/b/**', 'https://a.example//**', 'mailto:a@b', 'file:///a/*'
  ]),
  ...all('spiffe', [
    'spiffe://td', 'spiffe://prod.example/ns/ops/sa/web', 'spiffe://td/**', 'spiffe://td/*', 'spiffe://td/ns/*/sa/*',
    'spiffe://td/ns/**', 'spiffe://t_d-1/A.b_c-'
  ]),
  ...all('trustDomain', ['td', 'prod.example', ['prod.example', 't_d-1']]),
  { name: 'IDs of the trust domain', rules: [{ spiffe: ['spiffe://td/a', 'spiffe://te/b'], trustDomain: 'td' }] },
  ...all('email', ['ops@example.com', 'Ops+x@EXAMPLE.com', '"a@b"@example.com', 'root@localhost']),
  ...all('ip', [
    '10.0.0.1', '10.0.0.0/8', '128.0.0.0/1', '192.0.2.1/32', '::1', '::', '2001:DB8:0:0::1', '2001:db8::/32',
    '::ffff:192.0.2.1', '::ffff:10.0.0.0/104', '8000::/1', 'fe80::1/128'
  ]),
  ...['1', '0', '00ab', 'AB:CD:EF', 'abc'].map((serialNumber) => {
    return { name: `serialNumber ${serialNumber}`, rules: [{ serialNumber, issuer: 'CN=CA' }] }
  }),
  ...all('fingerprint', [HEX, HEX.toUpperCase(), COLONS, BASE64, [HEX, BASE64]]),
  ...all('publicKey', [HEX, BASE64]),
  ...all('policy', ['2.23.140.1.2.1', '2.25.329800735698586629295641978511506172918']),
  ...all('authority', ['partner', ['internal', 'partner']]),
  {
    name: 'an authority everywhere',
    rules: [{ cn: 'a', authority: 'a', via: { authority: 'b' }, not: { authority: ['c', 'd'] } }]
  },
  ...all('upn', ['anna@corp.example', 'DOMAIN\\anna', ['a@b', 'ü@c']]),
  ...all('otherName', [
    { oid: '1.2.3' }, { oid: '1.2.3', value: 'a' }, { oid: '1.2.3', value: ['a', true, 5, { oid: '1.2.4' }] },
    [{ oid: '1.2.3' }, { oid: '1.2.4', value: { raw: '' } }]
  ]),
  ...all('directoryName', ['CN=a', { cn: 'a', organizationIdentifier: { type: 'VAT' } }, [{ o: 'a' }, 'CN=b,O=c']]),
  ...all('registeredId', ['1.2.3', ['1.2.3', '2.5.4']]),
  ...all('keyUsage', ['digitalSignature', ['keyAgreement', 'nonRepudiation']]),
  ...all('subject', [
    { organizationIdentifier: { type: 'PSD', country: ['DE', 'AT'], authority: 'BAFIN', number: '1-2' } },
    { organizationidentifier: ['VATDE-1', { type: ['VAT', 'EI:'] }] }, { '2.5.4.97': { country: 'US', state: 'CA' } }
  ]),
  ...all('qualified', [
    { type: 'web' }, { type: ['esign', 'eseal', '1.2.3'] }, { statement: ['QcCompliance', '1.2.3'] },
    { psd2: { roles: 'PSP_AI' } }, { type: 'web', psd2: { roles: ['VOP_RS', '1.2.3'], authority: 'DE-BAFIN' } },
    [{ type: 'web' }, { psd2: { authority: ['DE-BAFIN', 'ES-BDE'] } }]
  ]),
  ...all('admission', [
    { profession: 'Arzt' }, { profession: ['1.2.276.0.76.4.50', 'Arzt'], registrationNumber: ['1', '2'] },
    [{ registrationNumber: '1' }, { profession: 'a' }]
  ]),
  ...all('extension', [
    { oid: '1.2.3' }, { oid: '1.2.3', critical: false }, { oid: '1.2.3', value: -5 },
    ...[
      { text: '' }, { integer: '-18446744073709551616' }, { oid: '1.2.3' }, { octets: '00fF' }, { bits: '' },
      { bits: '101' }, { time: '2027-03-15T00:00:00Z' }, { raw: '0500' }
    ].map((value) => ({ oid: '1.2.3', value }))
  ]),
  ...all('extendedKeyUsage', ['1.3.6.1.5.5.7.3.2', ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']]),
  {
    name: 'via and not',
    rules: [{
      cn: 'a',
      via: { spiffe: 'spiffe://td/gw', not: { cn: 'old' } },
      not: [{ ou: 'suspended' }, { fingerprint: HEX, not: { via: { cn: 'b' } } }]
    }]
  },
  { name: 'several gateways', rules: [{ cn: 'a', via: [{ cn: 'x' }, { cn: 'y' }] }] },
  {
    name: 'a not that leaves something',
    rules: [{
      cn: ['a', 'b'], o: 'x', not: [{ cn: 'a' }, { cn: ['a', 'b'], ou: 'y' }, { o: 'x', cn: 'b' }, { not: { cn: 'a' } }]
    }, { subject: ['CN=a', { cn: 'a', o: 'b' }], not: { cn: 'a' } }]
  },
  { name: 'a SPIFFE ID and the same as URI', rules: [{ spiffe: 'spiffe://td', uri: 'spiffe://td/a' }] },
]

const bad = (
  key: string, values: readonly unknown[], reason: string, semantic?: true
): Case[] => values.map((value) => ({
  name: `${key} ${JSON.stringify(value)}`,
  rules: [{ [key]: value }],
  reason,
  path: `rules[0].${key}`,
  ...(semantic ? { semantic } : {}),
}))

export const INVALID: readonly Case[] = [
  { name: 'a number for a rule set', rules: 5, reason: 'wrong_type', path: 'rules', says: 'or an array of them' },
  {
    name: 'a wrong key of a rule that stands alone',
    rules: { uo: 'a' },
    reason: 'unknown_key',
    path: 'rules.uo',
    says: 'did you mean "ou"?'
  },
  {
    name: 'an unknown group that stands alone', rules: 'nobody', reason: 'unknown_group', path: 'rules', semantic: true
  },
  { name: 'null for a rule set', rules: null, reason: 'wrong_type', path: 'rules' },
  { name: 'an empty rule set', rules: [], reason: 'empty', path: 'rules' },
  { name: 'an empty rule', rules: [{ cn: 'a' }, {}], reason: 'empty', path: 'rules[1]' },
  { name: 'a number for a rule', rules: [1], reason: 'wrong_type', path: 'rules[0]' },
  { name: 'null for a rule', rules: [null], reason: 'wrong_type', path: 'rules[0]' },
  { name: 'an array for a rule', rules: [[{ cn: 'a' }]], reason: 'wrong_type', path: 'rules[0]' },
  {
    name: 'an unknown group',
    rules: [{ cn: 'a' }, 'biling'],
    reason: 'unknown_group',
    path: 'rules[1]',
    semantic: true,
    says: 'did you mean "billing"?'
  },
  {
    name: 'a group named like a property of every object',
    rules: ['constructor'],
    reason: 'unknown_group',
    path: 'rules[0]',
    semantic: true
  },
  { name: 'a group named __proto__', rules: ['__proto__'], reason: 'unknown_group', path: 'rules[0]', semantic: true },
  { name: 'a group with an empty name', rules: [''], reason: 'unknown_group', path: 'rules[0]' },
  ...bad('trustDomain', ['TD', '*', '*.example', 'td/a', 'spiffe://td', 'ünder'], 'never_matches'),
  ...bad('trustDomain', [5, null], 'wrong_type'), ...bad('trustDomain', [''], 'empty'),
  {
    name: 'IDs of other trust domains',
    rules: [{ spiffe: ['spiffe://td/a', 'spiffe://te'], trustDomain: ['tf', 'tg'] }],
    reason: 'never_matches',
    path: 'rules[0].spiffe',
    semantic: true,
    says: 'expected a SPIFFE ID of tf or tg, as "trustDomain" says'
  },
  ...[
    ['cnn', 'cn'], ['trustdomain', 'trustDomain'], ['td', 'trustDomain'], ['spife', 'spiffe'], ['spiffeId', 'spiffe'], ['DNS', 'dns'], ['commonname', 'commonName'],
    ['organisation', 'organization'], ['fingerprint256', 'fingerprint'],
    ['publicKey256', 'publicKey'], ['eku', 'extendedKeyUsage'], ['serial', 'serialNumber'], ['isuer', 'issuer'],
    ['extendedKeyUsgae', 'extendedKeyUsage'], ['policies', 'policy'], ['pin', 'publicKey'],
    ['ca', 'authority'], ['trust', 'authority'], ['vouchedBy', 'authority'], ['autority', 'authority'],
    ['authorities', 'authority'], ['ku', 'keyUsage'], ['qcStatements', 'qualified'], ['psd2', 'qualified'],
    ['extensions', 'extension'], ['UPN', 'upn'], ['directoryname', 'directoryName'], ['registeredID', 'registeredId'],
  ].map(([key = '', meant = '']) => ({
    name: `the key ${key}`,
    rules: [{ [key]: 'a' }],
    reason: 'unknown_key',
    path: `rules[0].${key}`,
    says: `did you mean "${meant}"?`
  })),
  {
    name: 'a key unlike any other',
    rules: [{ 'no such key': 'a' }],
    reason: 'unknown_key',
    path: 'rules[0]["no such key"]'
  },
  {
    name: '__proto__ as a key of JSON',
    rules: JSON.parse('[{ "__proto__": { "cn": "a" } }]'),
    reason: 'unknown_key',
    path: 'rules[0].__proto__'
  },
  {
    name: '__proto__ beside a key',
    rules: JSON.parse('[{ "cn": "a", "__proto__": { "ou": "b" } }]'),
    reason: 'unknown_key',
    path: 'rules[0].__proto__'
  },
  { name: 'constructor as a key', rules: [{ constructor: 'a' }], reason: 'unknown_key', path: 'rules[0].constructor' },
  {
    name: 'cn and commonName',
    rules: [{ cn: 'a', commonName: 'a' }],
    reason: 'duplicate_key',
    path: 'rules[0].commonName'
  },
  { name: 'organization and o', rules: [{ organization: 'a', o: 'a' }], reason: 'duplicate_key', path: 'rules[0].o' },
  {
    name: 'ou and organizationalUnit',
    rules: [{ ou: 'a', organizationalUnit: 'b' }],
    reason: 'duplicate_key',
    path: 'rules[0].organizationalUnit'
  },
  ...[
    'cn', 'dns', 'uri', 'spiffe', 'email', 'ip', 'fingerprint', 'publicKey', 'policy', 'extendedKeyUsage', 'subject',
    'issuer', 'authority', 'upn', 'directoryName', 'registeredId', 'keyUsage'
  ].flatMap((key): Case[] => [
    ...bad(key, [[], ''], 'empty'),
    ...bad(key, [1, true, null], 'wrong_type'),
    {
      name: `an array in the array of ${key}`,
      rules: [{ [key]: [[HEX]] }],
      reason: 'wrong_type',
      path: `rules[0].${key}[0]`
    },
    {
      name: `null in the array of ${key}`, rules: [{ [key]: [null] }], reason: 'wrong_type', path: `rules[0].${key}[0]`
    },
  ]),
  ...bad('cn', [{}, { cn: 'a' }], 'wrong_type'),
  ...bad('authority', [{}, { name: 'a' }], 'wrong_type'),
  {
    name: 'a serial number beside an authority',
    rules: [{ serialNumber: '01', authority: 'a' }],
    reason: 'issuer_missing',
    path: 'rules[0].serialNumber'
  },
  {
    name: 'a not of the same authority',
    rules: [{ authority: 'a', not: { authority: ['a', 'b'] } }],
    reason: 'never_matches',
    path: 'rules[0].not',
    semantic: true
  },
  ...bad('subject', [{}], 'empty'),
  ...bad('subject', [' ', '  '], 'empty', true),
  ...bad('subject', ['web', 'CN=a,', '/CN=a/O=b', 'CN=a;O=b', 'CN=a,Q=b', 'CN="a"'], 'invalid_value', true),
  {
    name: 'an unknown attribute',
    rules: [{ subject: { comonName: 'a' } }],
    reason: 'unknown_key',
    path: 'rules[0].subject.comonName',
    says: 'did you mean "commonName"?'
  },
  {
    name: 'an attribute in odd case',
    rules: [{ subject: { cOmMoNnAmE: 'a' } }],
    reason: 'unknown_key',
    path: 'rules[0].subject.cOmMoNnAmE'
  },
  {
    name: '__proto__ as an attribute',
    rules: JSON.parse('[{ "subject": { "__proto__": "a" } }]'),
    reason: 'unknown_key',
    path: 'rules[0].subject.__proto__'
  },
  {
    name: 'constructor as an attribute',
    rules: [{ issuer: { constructor: 'a' } }],
    reason: 'unknown_key',
    path: 'rules[0].issuer.constructor'
  },
  {
    name: 'an attribute without values', rules: [{ subject: { cn: [] } }], reason: 'empty', path: 'rules[0].subject.cn'
  },
  {
    name: 'an attribute with an empty text',
    rules: [{ subject: { cn: ['a', ''] } }],
    reason: 'empty',
    path: 'rules[0].subject.cn[1]'
  },
  {
    name: 'an attribute with a number',
    rules: [{ subject: [{ cn: 1 }] }],
    reason: 'wrong_type',
    path: 'rules[0].subject[0].cn'
  },
  {
    name: 'one attribute by two names',
    rules: [{ subject: { cn: 'a', '2.5.4.3': 'a' } }],
    reason: 'duplicate_key',
    path: 'rules[0].subject["2.5.4.3"]',
    semantic: true
  },
  ...bad('dns', [
    '*', '*.', '*.*.a', 'a.*.b', 'a*.b', '*a.b', 'a.*', '**.a', 'a..b', '.a', 'a.', 'a b', 'https://a', 'a:443',
    'müller.example', `${'a'.repeat(64)}.b`
  ], 'never_matches'),
  ...bad('dns', ['10.0.0.1', '*.10.0.0.1', `${'a.'.repeat(126)}ab`], 'never_matches', true),
  ...bad('uri', [
    '/a/b', 'a', 'https:', 'a b:c', 'https://*/a', 'https://a.*/b', 'https://*.a/b', 'https://a/b*', 'https://a/*b',
    'https://a/**/b', 'https://a/***', 'urn:a:*', 'https://a/*?b', 'https://a/*#b', 'https://ä/*', 'x:y://z/*'
  ], 'never_matches'),
  ...bad('spiffe', [
    'td', 'spiffe:/td', 'SPIFFE://td/a', 'spiffe://', 'spiffe:///a', 'spiffe://TD/a', 'spiffe://td/', 'spiffe://td/a/',
    'spiffe://td//a', 'spiffe://td/./a', 'spiffe://td/../a', 'spiffe://td:1/a',
    'spiffe://u@td/a', 'spiffe://td/a?b', 'spiffe://td/a#b', 'spiffe://td/%61', 'spiffe://*/a', 'spiffe://*.td/a',
    'spiffe://td*', 'spiffe://td/**/a', 'spiffe://td/a*', 'spiffe://td/*a', 'spiffe://td/***',
    'spiffe://td/*/', 'https://td/a', 'https://td/*', '*', '**',
  ], 'never_matches'),
  ...bad('spiffe', [`spiffe://${'a'.repeat(256)}/b`, `spiffe://td/${'a'.repeat(2048)}`], 'never_matches'),
  ...bad('email', ['example.com', '@example.com', 'a@', 'a@b c', 'a@b..c', 'a@-,', 'a@[10.0.0.1]'].filter((text) => {
    return !text.includes(' ')
  }), 'invalid_value'),
  ...bad('email', ['*@example.com', 'a b@c', 'ä@b'], 'never_matches'),
  ...bad('ip', [
    '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8',
    'a.example', '10.0.0.1-10.0.0.9', '*', '10.0.0.*', '::/129', 'fe80::1%eth0', '[::1]', '0.0.0.0/0', '192.0.2.1/0',
    '::/0'
  ], 'invalid_value'),
  ...bad('ip', [':', '1::2::3', '1:2:3', '::ffff:10.0.0.0/90', '::ffff:0:0/96'], 'invalid_value', true),
  ...bad('ip', ['10.0.0.1/8', '2001:db8::1/64', '::ffff:10.0.0.1/104'], 'never_matches', true),
  {
    name: 'a serial number without issuer',
    rules: [{ serialNumber: '01' }],
    reason: 'issuer_missing',
    path: 'rules[0].serialNumber'
  },
  ...['', '0x1', 'xyz', 'ab:c', 'a:b', 'ab:', '1 2', '-1', '-011', '-01:2', '-0', '-00', '--01', '01:2'].map((serialNumber): Case => ({
    name: `serialNumber ${JSON.stringify(serialNumber)}`,
    rules: [{ serialNumber, issuer: 'CN=CA' }],
    reason: serialNumber === '' ? 'empty' : 'invalid_value',
    path: 'rules[0].serialNumber',
  })),
  ...Object.entries({ serverAuth: 1, clientAuth: 2, codeSigning: 3, emailProtection: 4, timeStamping: 8, OCSPSigning: 9 }).map(([purpose, last]) => ({
    name: `the name of the purpose ${purpose}`,
    rules: [{ extendedKeyUsage: purpose }],
    reason: 'invalid_value',
    path: 'rules[0].extendedKeyUsage',
    says: `${purpose} is 1.3.6.1.5.5.7.3.${last}`
  })),
  { name: 'a SPIFFE ID as a trust domain', rules: [{ trustDomain: 'spiffe://td' }], reason: 'never_matches', path: 'rules[0].trustDomain', says: 'for a SPIFFE ID there is the key "spiffe"' },
  {
    name: 'a number as serial number',
    rules: [{ serialNumber: 1, issuer: 'CN=CA' }],
    reason: 'wrong_type',
    path: 'rules[0].serialNumber',
    says: 'as a string'
  },
  {
    name: 'a serial number beyond 64 octets',
    rules: [{ serialNumber: `1${'0'.repeat(128)}`, issuer: 'CN=CA' }],
    reason: 'never_matches',
    path: 'rules[0].serialNumber',
    semantic: true
  },
  ...['fingerprint', 'publicKey'].flatMap((key) => bad(key, [
    HEX.slice(1), `${HEX}0`, HEX.slice(2), `sha256:${HEX}`, BASE64.slice(0, -1), `${BASE64}=`,
    BASE64.replace('=', 'A'), `${BASE64.slice(0, 42)}/=`, `${COLONS}:`, COLONS.slice(3), HEX.replace('ab', 'a:'),
    ` ${HEX}`,
    'ab'.repeat(20), `g${HEX.slice(1)}`,
  ], 'invalid_value')),
  ...['otherName', 'qualified', 'admission', 'extension'].flatMap((key): Case[] => [
    ...bad(key, [[], {}], 'empty'), ...bad(key, ['', 'a', 1, true, null], 'wrong_type'),
    { name: `a list in ${key}`, rules: [{ [key]: [[]] }], reason: 'wrong_type', path: `rules[0].${key}[0]` },
    { name: `an unknown part of ${key}`, rules: [{ [key]: { x: 'a' } }], reason: 'unknown_key', path: `rules[0].${key}.x` }
  ]),
  ...['otherName', 'extension'].flatMap((key): Case[] => [
    ...bad(key, [{ value: 'a' }], 'invalid_value'),
    { name: `a wrong OID in ${key}`, rules: [{ [key]: { oid: '1' } }], reason: 'invalid_value', path: `rules[0].${key}.oid` },
    { name: `a list of OIDs in ${key}`, rules: [{ [key]: { oid: ['1.2'] } }], reason: 'wrong_type', path: `rules[0].${key}.oid` },
    ...([
      ['', 'empty'], [[], 'empty'], [null, 'wrong_type'], [1.5, 'invalid_value'], [2 ** 53, 'invalid_value'], [{}, 'empty'],
      [{ text: 'a', oid: '1.2' }, 'invalid_value']
    ] as const).map(([value, reason]): Case => ({
      name: `the value ${JSON.stringify(value)} of ${key}`, rules: [{ [key]: { oid: '1.2.3', value } }], reason, path: `rules[0].${key}.value`
    })),
    ...([
      [{ hex: '00' }, 'unknown_key', 'hex'], [{ text: 5 }, 'wrong_type', 'text'], [{ integer: 5 }, 'wrong_type', 'integer'],
      [{ integer: '05' }, 'invalid_value', 'integer'], [{ integer: '-0' }, 'invalid_value', 'integer'],
      [{ oid: 'a' }, 'invalid_value', 'oid'], [{ octets: '0' }, 'invalid_value', 'octets'],
      [{ bits: '12' }, 'invalid_value', 'bits'], [{ bits: '0'.repeat(1025) }, 'invalid_value', 'bits'],
      [{ time: '2027-03-15' }, 'invalid_value', 'time'], [{ raw: '0g' }, 'invalid_value', 'raw']
    ] as const).map(([value, reason, part]): Case => ({
      name: `the value ${JSON.stringify(value).slice(0, 40)} of ${key}`,
      rules: [{ [key]: { oid: '1.2.3', value } }],
      reason,
      path: `rules[0].${key}.value.${part}`
    })),
    ...[{ integer: `1${'0'.repeat(320)}` }, { time: '2027-02-30T00:00:00Z' }, { text: '\ud800' }].map((value): Case => ({
      name: `the value ${JSON.stringify(value).slice(0, 40)} of ${key}`,
      rules: [{ [key]: { oid: '1.2.3', value } }],
      reason: 'invalid_value',
      path: `rules[0].${key}.value.${Object.keys(value)[0]}`,
      semantic: true
    }))
  ]),
  { name: 'a critical that is a text', rules: [{ extension: { oid: '1.2.3', critical: 'yes' } }], reason: 'wrong_type', path: 'rules[0].extension.critical' },
  ...bad('upn', ['*@corp.example'], 'never_matches'),
  ...bad('registeredId', ['a', '1'], 'invalid_value'),
  ...bad('keyUsage', ['digitalsignature', 'clientAuth'], 'invalid_value').map((one) => ({ ...one, says: 'expected one of digitalSignature' })),
  { name: 'a misspelt key usage', rules: [{ keyUsage: 'digitalSignatur' }], reason: 'invalid_value', path: 'rules[0].keyUsage', says: 'did you mean "digitalSignature"?' },
  ...([
    [{ type: 'website' }, 'invalid_value', 'type'], [{ type: [] }, 'empty', 'type'], [{ statement: 'QcCompliant' }, 'invalid_value', 'statement'],
    [{ psd2: 'PSP_AI' }, 'wrong_type', 'psd2'], [{ psd2: {} }, 'empty', 'psd2'], [{ psd2: { role: 'PSP_AI' } }, 'unknown_key', 'psd2.role'],
    [{ psd2: { roles: 'PSP_A' } }, 'invalid_value', 'psd2.roles'], [{ psd2: { roles: ['PSP_AI', 'psp_pi'] } }, 'invalid_value', 'psd2.roles[1]'],
    [{ psd2: { authority: 'BAFIN' } }, 'never_matches', 'psd2.authority'], [{ psd2: { authority: 'de-bafin' } }, 'never_matches', 'psd2.authority']
  ] as const).map(([value, reason, part]): Case => ({
    name: `qualified ${JSON.stringify(value)}`, rules: [{ qualified: value }], reason, path: `rules[0].qualified.${part}`
  })),
  { name: 'a role in the singular', rules: [{ qualified: { psd2: { role: 'PSP_AI' } } }], reason: 'unknown_key', path: 'rules[0].qualified.psd2.role', says: 'did you mean "roles"?' },
  ...([
    [{ type: 'psd' }, 'never_matches', 'type'], [{ country: 'de' }, 'never_matches', 'country'], [{ country: 'DEU' }, 'never_matches', 'country'],
    [{ state: 'CALI' }, 'never_matches', 'state'], [{ authority: 'DE-BAFIN' }, 'never_matches', 'authority'], [{ number: '' }, 'empty', 'number'],
    [{ number: 5 }, 'wrong_type', 'number'], [{ kind: 'PSD' }, 'unknown_key', 'kind']
  ] as const).map(([value, reason, part]): Case => ({
    name: `organizationIdentifier ${JSON.stringify(value)}`,
    rules: [{ subject: { organizationIdentifier: value } }],
    reason,
    path: `rules[0].subject.organizationIdentifier.${part}`
  })),
  {
    name: 'an authority of another type than PSD',
    rules: [{ subject: { organizationIdentifier: { type: 'VAT', authority: 'BAFIN' } } }],
    reason: 'never_matches',
    path: 'rules[0].subject.organizationIdentifier.authority',
    semantic: true,
    says: 'expected the type PSD'
  },
  { name: 'parts of another attribute', rules: [{ subject: { o: { type: 'PSD' } } }], reason: 'wrong_type', path: 'rules[0].subject.o' },
  ...([[{ profession: '' }, 'empty', 'profession'], [{ registrationNumber: 5 }, 'wrong_type', 'registrationNumber']] as const).map(
    ([value, reason, part]): Case => ({ name: `admission ${JSON.stringify(value)}`, rules: [{ admission: value }], reason, path: `rules[0].admission.${part}` })
  ),
  ...['policy', 'extendedKeyUsage'].flatMap((key) => bad(
    key, ['clientAuth', '1', '1.', '.1', '1..2', '01.2', '1.02', '3.1', '1.40', 'OID.1.2.3', '1.2.*'], 'invalid_value'
  )),
  {
    name: 'via within via',
    rules: [{ via: { cn: 'a', via: { cn: 'b' } } }],
    reason: 'never_matches',
    path: 'rules[0].via.via'
  },
  {
    name: 'via within not within via',
    rules: [{ via: { cn: 'a', not: [{ via: { cn: 'b' } }] } }],
    reason: 'never_matches',
    path: 'rules[0].via.not[0].via'
  },
  { name: 'an empty rule in via', rules: [{ via: {} }], reason: 'empty', path: 'rules[0].via' },
  { name: 'no rules in via', rules: [{ via: [] }], reason: 'empty', path: 'rules[0].via' },
  { name: 'a group in via', rules: [{ via: 'billing' }], reason: 'wrong_type', path: 'rules[0].via' },
  { name: 'an empty rule in not', rules: [{ cn: 'a', not: {} }], reason: 'empty', path: 'rules[0].not' },
  { name: 'no rules in not', rules: [{ cn: 'a', not: [] }], reason: 'empty', path: 'rules[0].not' },
  { name: 'a group in not', rules: [{ cn: 'a', not: ['billing'] }], reason: 'wrong_type', path: 'rules[0].not[0]' },
  { name: 'a boolean in not', rules: [{ cn: 'a', not: true }], reason: 'wrong_type', path: 'rules[0].not' },
  {
    name: 'a misspelt key in not',
    rules: [{ cn: 'a', not: [{ cn: 'b' }, { uo: 'c' }] }],
    reason: 'unknown_key',
    path: 'rules[0].not[1].uo',
    says: 'did you mean "ou"?'
  },
  {
    name: 'a URI beside a SPIFFE ID',
    rules: [{ spiffe: 'spiffe://td', uri: 'https://a/b' }],
    reason: 'never_matches',
    path: 'rules[0].uri',
    semantic: true
  },
  {
    name: 'a not that excludes all',
    rules: [{ cn: 'a', not: { cn: 'a' } }],
    reason: 'never_matches',
    path: 'rules[0].not',
    semantic: true
  },
  {
    name: 'a not among others that excludes all',
    rules: [{ cn: ['a', 'b'], o: 'x', dns: 'A.x', not: [{ cn: 'a' }, { commonName: ['c', 'b', 'a'], dns: 'a.X' }] }],
    reason: 'never_matches',
    path: 'rules[0].not',
    semantic: true
  },
  {
    name: 'a not that excludes all names',
    rules: [{ cn: 'z', not: { subject: { cn: 'b' } } }, { subject: { cn: 'a', o: 'b' }, not: { o: 'b' } }],
    reason: 'never_matches',
    path: 'rules[1].not',
    semantic: true
  },
  {
    name: 'half a character', rules: [{ cn: 'a\ud800' }], reason: 'invalid_value', path: 'rules[0].cn', semantic: true
  },
]
