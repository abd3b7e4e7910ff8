import { test } from 'tap'
import { findNearestWord, suggestWord } from '../src/nearest-word.ts'

const words = ['spiffe', 'subject', 'commonName', 'ou', 'o', 'issuer']

test('finds the word that was meant', async (t) => {
  const slips: [string, string][] = [
    ['spife', 'spiffe'], ['SPIFFE', 'spiffe'], ['spfife', 'spiffe'], ['subjct', 'subject'], ['uo', 'ou'],
    ['comonNmae', 'commonName'], ['isuer', 'issuer'], ['spiffeId', 'spiffe'],
  ]
  for (const [typed, meant] of slips) t.equal(findNearestWord(typed, words), meant, typed)
})

test('suggests nothing for a word unlike all', async (t) => {
  for (const typed of ['', 'x', 'certificate', 'password', 'i'.repeat(65)]) {
    t.equal(findNearestWord(typed, words), undefined, typed)
  }
  t.equal(suggestWord('password', words), '')
  t.equal(suggestWord('isuer', words), 'did you mean "issuer"?')
})
