import { PSP_ROLES, QC_TYPES, attributeTypeNames } from '@peerkit/identity'
import { KEY_USAGE } from '@peerkit/identity/x509'

const oid = '(?:[01]\\.(?:\\d|[1-3]\\d)|2\\.(?:0|[1-9]\\d{0,38}))(?:\\.(?:0|[1-9]\\d{0,38})){0,30}'
const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const scheme = '[A-Za-z][A-Za-z0-9+.-]*'
const hour = '(?:[01]\\d|2[0-3])'
const time = `${hour}:[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,3})?)?`
/** What may stand in a URI: printable ASCII, and without wildcards, slashes, query and fragment. */
const plain = '[!"$-)+-.0->@-~]'

/** One value, or a list of them that is not empty. */
function some (name: string): object {
  return { anyOf: [{ $ref: `#/$defs/${name}` }, { type: 'array', items: { $ref: `#/$defs/${name}` }, minItems: 1 }] }
}

/** The same, of which each may come from the request instead. */
function someOrAsked (name: string): object {
  const one = { anyOf: [{ $ref: `#/$defs/${name}` }, { $ref: '#/$defs/requestValue' }] }
  return { anyOf: [one, { type: 'array', items: one, minItems: 1 }] }
}

/** A key of which each value may come from the request. */
function key (name: string, description: string): object {
  return { description, ...someOrAsked(name) }
}

/** A key whose values are all in the rule. */
function fixed (name: string, description: string): object {
  return { description, ...some(name) }
}

/** A word of a list, or an OID. */
function wordOrOid (words: readonly string[]): object {
  return { anyOf: [{ enum: words }, { $ref: '#/$defs/oid' }] }
}

/** An object with these parts, at least one of them. */
function parts (properties: Record<string, object>, required: readonly string[] = []): object {
  return { type: 'object', minProperties: 1, properties, required, additionalProperties: false }
}

/** The only part of an object. */
function only (name: string, schema: object): object {
  return { type: 'object', properties: { [name]: schema }, required: [name], additionalProperties: false }
}

/** A text of one form, or a list of them. */
function texts (pattern: string): object {
  const text = { type: 'string', minLength: 1, pattern }
  return { anyOf: [text, { type: 'array', items: text, minItems: 1 }] }
}

const pairs = '^(?:[0-9A-Fa-f]{2})*$'

function moment (description: string): object {
  return { description: `${description}: a day (its start in UTC), or a moment with its offset.`, $ref: '#/$defs/moment' }
}

/** The JSON Schema of rule sets, of which schema.json is the published copy. */
export function buildSchema (): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://unpkg.com/@peerkit/rules/schema.json',
    title: 'Rule set of @peerkit/rules',
    description:
      'Who may call: any of these rules. What only the compiler can tell (names of groups, host bits of a range, the ' +
        'syntax of distinguished names) is not checked here.',
    $ref: '#/$defs/ruleSet',
    $defs: {
      ruleSet: { description: 'One entry, or several of which any may allow. A text names a group.', ...some('entry') },
      entry: { anyOf: [{ $ref: '#/$defs/rule' }, { type: 'string', minLength: 1 }] },
      groups: {
        description: 'Rules by name.',
        type: 'object',
        propertyNames: { minLength: 1 },
        additionalProperties: { $ref: '#/$defs/ruleSet' }
      },
      rule: {
        description: 'All keys must hold, each with any of its values.',
        $ref: '#/$defs/peerKeys',
        // Otherwise it would allow everyone for that time.
        not: { propertyNames: { enum: ['validFrom', 'validUntil'] } },
        properties: {
          validFrom: moment('The rule matches from this moment on'),
          validUntil: moment('The rule matches before this moment, and no longer from it on')
        },
        unevaluatedProperties: false
      },
      innerRule: {
        description: 'A rule within "not".',
        $ref: '#/$defs/peerKeys',
        unevaluatedProperties: false
      },
      peerKeys: {
        $ref: '#/$defs/certificateKeys',
        properties: {
          via: fixed('gatewayRule', 'A rule for the nearest gateway of a forwarded certificate.'),
          not: fixed('innerRule', 'Rules of which none may match.')
        }
      },
      gatewayRule: {
        description: 'A rule for a gateway\'s own certificate.',
        $ref: '#/$defs/certificateKeys',
        properties: { not: fixed('gatewayRule', 'Rules of which none may match.') },
        unevaluatedProperties: false
      },
      certificateKeys: {
        type: 'object',
        minProperties: 1,
        dependentRequired: { serialNumber: ['issuer'] },
        allOf: [['cn', 'commonName'], ['o', 'organization'], ['ou', 'organizationalUnit']].map((required) => {
          return { not: { required } }
        }),
        properties: {
          subject: key('name', 'The subject: the whole name, or attributes that it contains.'),
          commonName: key('text', 'A common name, exactly.'),
          cn: key('text', 'Short for commonName.'),
          organization: key('text', 'An organization, exactly.'),
          o: key('text', 'Short for organization.'),
          organizationalUnit: key('text', 'An organizational unit, exactly.'),
          ou: key('text', 'Short for organizationalUnit.'),
          dns: key('dns', 'A DNS name among the alternative names; "*." covers exactly one label.'),
          uri: key(
            'uri', 'A URI among the alternative names; "*" covers one segment of the path, a last "**" the rest.'
          ),
          spiffe: key(
            'spiffe', 'The SPIFFE ID of a valid X.509-SVID, with wildcards as in uri, or a bare trust domain.'
          ),
          trustDomain: key('trustDomain', 'The trust domain of the SPIFFE ID, exactly.'),
          email: key('email', 'An e-mail address among the alternative names.'),
          ip: key('ip', 'An address among the alternative names, or a range.'),
          upn: key('upn', 'A user principal name among the alternative names.'),
          otherName: fixed('otherName', 'An otherName among the alternative names, by its type and value.'),
          directoryName: key('name', 'A directory name among the alternative names, as subject.'),
          registeredId: key('oid', 'A registered ID among the alternative names.'),
          issuer: key('name', 'The issuer, as subject.'),
          serialNumber: key('serialNumber', 'The serial number in hex; needs issuer.'),
          fingerprint: key('digest', 'SHA-256 of the certificate, hex or base64.'),
          publicKey: key('digest', 'SHA-256 of the SubjectPublicKeyInfo, hex or base64.'),
          policy: key('oid', 'OID of a certificate policy.'),
          extendedKeyUsage: key('oid', 'OID of an extended key usage.'),
          keyUsage: fixed('keyUsage', 'A key usage by its name in RFC 5280.'),
          qualified: fixed('qualified', 'What the extension qcStatements claims (ETSI EN 319 412-5, TS 119 495).'),
          admission: fixed('admission', 'A profession or registration number of the extension admission.'),
          extension: fixed('extension', 'An extension by its OID, and its value.'),
          authority: key('text', 'The name of the authority that vouches for the certificate, exactly.')
        }
      },
      requestValue: {
        description: 'A value of the request: a parameter of the route, a query parameter or a header. It must occur ' +
          'once, and the certificate must have no other value of the kind.',
        type: 'object',
        minProperties: 1,
        maxProperties: 1,
        properties: {
          param: { type: 'string', minLength: 1 },
          query: { type: 'string', minLength: 1 },
          header: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" }
        },
        additionalProperties: false
      },
      moment: {
        type: 'string',
        pattern: `^\\d{4}-\\d{2}-\\d{2}(?:T${time}(?:Z|[+-]${hour}:[0-5]\\d))?$`
      },
      text: { type: 'string', minLength: 1 },
      name: {
        anyOf: [
          { description: 'A whole name as RFC 4514 writes it.', type: 'string', minLength: 1 },
          { $ref: '#/$defs/attributes' }
        ]
      },
      attributes: {
        description: 'Attributes that a name must contain.',
        type: 'object',
        minProperties: 1,
        additionalProperties: someOrAsked('text'),
        properties: Object.fromEntries(['organizationIdentifier', 'organizationidentifier', '2.5.4.97'].map((name) => {
          return [name, someOrAsked('identifier')]
        })),
        propertyNames: {
          anyOf: [
            { enum: [...new Set(attributeTypeNames().flatMap((name) => [name, name.toLowerCase()]))] },
            { pattern: `^${oid}$` }
          ]
        }
      },
      identifier: {
        anyOf: [
          { $ref: '#/$defs/text' },
          {
            description: 'The parts of an organizationIdentifier, such as PSDDE-BAFIN-123456.',
            ...parts({
              type: texts('^(?:[A-Z]{3}|[A-Z0-9]{2}:)$'),
              country: texts('^[A-Z]{2}$'),
              state: texts('^[A-Z0-9]{1,3}$'),
              authority: texts('^[A-Z]{2,8}$'),
              number: some('text')
            })
          }
        ]
      },
      upn: { type: 'string', minLength: 1, pattern: '^[^*]+$' },
      keyUsage: { enum: Object.keys(KEY_USAGE) },
      otherName: parts({ oid: { $ref: '#/$defs/oid' }, value: some('value') }, ['oid']),
      qualified: parts({
        type: some('qualifiedType'),
        statement: some('statement'),
        psd2: parts({ roles: some('role'), authority: texts('^[A-Z]{2}-[A-Z]{2,8}$') })
      }),
      qualifiedType: wordOrOid(Object.keys(QC_TYPES)),
      statement: wordOrOid(['QcCompliance', 'QcSSCD']),
      role: wordOrOid(Object.keys(PSP_ROLES)),
      admission: parts({ profession: some('text'), registrationNumber: some('text') }),
      extension: parts({ oid: { $ref: '#/$defs/oid' }, critical: { type: 'boolean' }, value: some('value') }, ['oid']),
      value: {
        anyOf: [
          { $ref: '#/$defs/text' },
          { type: 'boolean' },
          { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
          only('text', { type: 'string' }),
          only('integer', { type: 'string', maxLength: 400, pattern: '^(?:0|-?[1-9]\\d*)$' }),
          only('oid', { $ref: '#/$defs/oid' }),
          only('octets', { type: 'string', pattern: pairs }),
          only('bits', { type: 'string', maxLength: 1024, pattern: '^[01]*$' }),
          only('time', { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' }),
          only('raw', { type: 'string', pattern: pairs })
        ]
      },
      dns: { type: 'string', maxLength: 255, pattern: '^(?:\\*\\.)?(?:[A-Za-z0-9_-]{1,63}\\.)*[A-Za-z0-9_-]{1,63}$' },
      uri: {
        type: 'string',
        anyOf: [
          { pattern: `^${scheme}:[!-)+-~]+$` }, { pattern: `^${scheme}://${plain}*(?:/(?:\\*|${plain}*))*(?:/\\*\\*)?$` }
        ]
      },
      spiffe: {
        type: 'string',
        maxLength: 2048,
        pattern: '^spiffe://[a-z0-9._-]{1,255}(?:/(?:\\*|(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]+))*(?:/\\*\\*)?$'
      },
      trustDomain: { type: 'string', maxLength: 255, pattern: '^[a-z0-9._-]{1,255}$' },
      email: { type: 'string', pattern: '^[!-)+-~]+@[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*$' },
      ip: {
        type: 'string',
        anyOf: [
          { pattern: `^${byte}(?:\\.${byte}){3}(?:/(?:[1-9]|[12]\\d|3[0-2]))?$` },
          { pattern: '^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:/(?:[1-9]\\d?|1[01]\\d|12[0-8]))?$' }
        ]
      },
      serialNumber: { type: 'string', pattern: '^(?:[0-9A-Fa-f]+|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+)$' },
      digest: {
        type: 'string',
        pattern: '^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}|[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$'
      },
      oid: { type: 'string', pattern: `^${oid}$` }
    }
  }
}
