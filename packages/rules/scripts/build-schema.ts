import { attributeTypeNames } from '@peerkit/identity'

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

function key (name: string, description: string): object {
  return { description, ...someOrAsked(name) }
}

function rules (name: string, description: string): object {
  return { description, ...some(name) }
}

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
          via: rules('gatewayRule', 'A rule for the nearest gateway of a forwarded certificate.'),
          not: rules('innerRule', 'Rules of which none may match.')
        }
      },
      gatewayRule: {
        description: 'A rule for a gateway\'s own certificate.',
        $ref: '#/$defs/certificateKeys',
        properties: { not: rules('gatewayRule', 'Rules of which none may match.') },
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
          email: key('email', 'An e-mail address among the alternative names.'),
          ip: key('ip', 'An address among the alternative names, or a range.'),
          issuer: key('name', 'The issuer, as subject.'),
          serialNumber: key('serialNumber', 'The serial number in hex; needs issuer.'),
          fingerprint: key('digest', 'SHA-256 of the certificate, hex or base64.'),
          publicKey: key('digest', 'SHA-256 of the SubjectPublicKeyInfo, hex or base64.'),
          policy: key('oid', 'OID of a certificate policy.'),
          extendedKeyUsage: key('oid', 'OID of an extended key usage.'),
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
        propertyNames: {
          anyOf: [
            { enum: [...new Set(attributeTypeNames().flatMap((name) => [name, name.toLowerCase()]))] },
            { pattern: `^${oid}$` }
          ]
        }
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
