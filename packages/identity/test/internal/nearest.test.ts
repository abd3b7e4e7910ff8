import { test } from 'tap'
import { findNearest, suggestNearest, suggestNearestOf } from '../../src/internal/nearest.ts'

const words = ['spiffe', 'subject', 'commonName', 'ou', 'o', 'issuer', 'poll-interval', 'clientCertificate', 'client']

test('finds the word that was meant', async (t) => {
  const slips: [string, string][] = [
    ['spife', 'spiffe'], ['SPIFFE', 'spiffe'], ['spfife', 'spiffe'], ['subjct', 'subject'], ['uo', 'ou'],
    ['comonNmae', 'commonName'], ['isuer', 'issuer'], ['spiffeId', 'spiffe'], ['pollInterval', 'poll-interval'],
    ['poll_interval', 'poll-interval'], ['iss', 'issuer'], ['cli', 'client'], ['clientCert', 'client']
  ]
  for (const [typed, meant] of slips) t.equal(findNearest(typed, words), meant, typed)
})

test('suggests nothing for a word unlike all', async (t) => {
  for (const typed of ['', 'x', 'zertifikat', 'password', 'i'.repeat(65)]) t.equal(findNearest(typed, words), undefined, typed)
  t.equal(suggestNearest('password', words), '')
  t.equal(suggestNearest('isuer', new Set(words)), 'did you mean "issuer"?')
  t.equal(suggestNearestOf('isuer', words), 'did you mean "issuer"?')
  t.equal(suggestNearestOf('password', ['ou', 'o']), 'expected one of ou, o')
})
