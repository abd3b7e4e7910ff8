import { join } from 'node:path'
import type { AuthorityPaths } from '@peerkit/credentials'

export type Authorities = Record<string, AuthorityPaths>

/** The CAs that we trust, and the names that they may issue. Every file is watched. */
export function authoritiesIn (folder: string, acceptUntil = '2027-03-15'): Authorities {
  return {
    internal: {
      ca: join(folder, 'internal.pem'), // the old root and the new one
      crl: join(folder, 'internal.crl'), // a list of each of them
      names: { spiffe: 'spiffe://prod.example', dns: 'prod.example', subject: { o: 'Example' } }
    },
    acme: {
      ca: join(folder, 'acme.pem'),
      crl: join(folder, 'acme.crl'),
      for: 'clients',
      names: { spiffe: 'spiffe://acme.example' }
    },
    globex: {
      ca: join(folder, 'globex.pem'),
      crl: join(folder, 'globex.crl'),
      revocation: 'soft', // their list is late at times
      for: 'clients',
      names: { dns: 'globex.example', subject: { o: 'Globex' } }
    },
    public: {
      ca: join(folder, 'public.pem'),
      for: 'clients',
      names: { dns: 'shop.globex.example' },
      serverAuthOnly: { acceptUntil }
    },
    'globex-api': {
      ca: join(folder, 'globex-api.pem'),
      for: 'servers',
      names: { dns: 'api.globex.example' }
    }
  }
}
