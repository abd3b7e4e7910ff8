// A secret in the place of the function or the object that should have it is not in the error.
import { test } from 'tap'
import { acmeIssuer } from '@peerkit/issuers/acme'
import { customIssuer } from '@peerkit/issuers/custom'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'
import { vaultIssuer } from '@peerkit/issuers/vault'

const SECRET = 'hunter2'
const names = { dns: ['ledger.example'] }
const url = 'https://ca.example'

const misplaced: Readonly<Record<string, (value: any) => unknown>> = {
  'enrol.token': (value) => stepCaIssuer({ url, root: 'root.pem', names, enrol: { token: value } }),
  'enrol.x5c': (value) => stepCaIssuer({ url, root: 'root.pem', names, enrol: { x5c: value } }),
  enrol: (value) => stepCaIssuer({ url, root: 'root.pem', names, enrol: value }),
  'auth.appRole': (value) => vaultIssuer({ url, role: 'ledger', names, auth: { appRole: value } }),
  'auth.kubernetes': (value) => vaultIssuer({ url, role: 'ledger', names, auth: { kubernetes: value } }),
  'auth.certificate': (value) => vaultIssuer({ url, role: 'ledger', names, auth: { certificate: value } }),
  auth: (value) => vaultIssuer({ url, role: 'ledger', names, auth: value }),
  account: (value) => acmeIssuer({ directory: url, names, account: value, challenges: { http01: {} } }),
  'account.externalAccountBinding': (value) => acmeIssuer({ directory: url, names, account: { keyFile: 'key.pem', externalAccountBinding: value }, challenges: { http01: {} } }),
  secrets: (value) => customIssuer({ url, names, request: () => ({}), read: () => ({ cert: '' }), secrets: value })
}

for (const [option, make] of Object.entries(misplaced)) {
  test(option, (t) => {
    t.throws(() => make(SECRET), { code: 'MTLS_ERR_ISSUER_OPTION', message: new RegExp(`: ${option.replace('.', '\\.')} is a string( of 7 characters)?; expected `) })
    t.end()
  })
}

test('what is in the list of secrets', (t) => {
  for (const [item, found] of [['', 'a string of 0 characters'], [7, 'a number'], [undefined, 'undefined']] as const) {
    t.throws(() => customIssuer({ url, names, request: () => ({}), read: () => ({ cert: '' }), secrets: [item as string] }), {
      code: 'MTLS_ERR_ISSUER_OPTION', message: `Invalid issuer option: secrets[0] is ${found}; expected a string that is not empty`
    })
  }
  t.end()
})
