import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { IssueQuestion } from '@peerkit/credentials'
import type { ChallengeHook, Dns01Record } from '@peerkit/issuers/acme'
import type { AcmeServer } from './acme-server.ts'

export function makeKey (): KeyObject { return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }

export const ACCOUNT: { readonly key: KeyObject } = { key: makeKey() }

/** A DNS whose records the server reads. */
export function dnsOf ({ txt }: AcmeServer): ChallengeHook<Dns01Record> {
  return {
    set ({ name, value }) { txt.set(name, new Set([...txt.get(name) ?? [], value])) },
    remove ({ name, value }) {
      const values = txt.get(name)
      values?.delete(value)
      if (values?.size === 0) txt.delete(name)
    }
  }
}

/** What an issuer is called with. */
export function question (more: Partial<IssueQuestion> = {}): IssueQuestion {
  const privateKey = makeKey()
  return { privateKey, publicKey: '', signal: new AbortController().signal, previous: undefined, ...more }
}
