import { test } from 'tap'
import { decodeByteSequence, decodeByteSequenceList } from '../../src/encodings/byte-sequence.ts'

test('decodes a structured byte sequence', async (t) => {
  t.same(decodeByteSequence(':AQID:'), Buffer.from([1, 2, 3]))
  t.same(decodeByteSequence(':AQI=:'), Buffer.from([1, 2]))
})

test('refuses every other spelling of the same bytes', async (t) => {
  for (const text of [
    'AQID', ':AQID', 'AQID:', ':AQI:', ':AQJ=:', ':AQ ID:', ':AQID:;a=1', ':AQID:,:AQID:', '::', '', ':AQ-_:',
    ':AQID==:', '":AQID:"'
  ]) {
    t.equal(decodeByteSequence(text), undefined, JSON.stringify(text))
  }
})

test('decodes a list, and refuses it whole where one item is wrong', async (t) => {
  t.same(decodeByteSequenceList(':AQ==:, :Ag==:,\t:Aw==:'), [Buffer.from([1]), Buffer.from([2]), Buffer.from([3])])
  for (const text of ['', ',', ':AQ==:,', ':AQ==:, x', ':AQ==: :Ag==:']) {
    t.equal(decodeByteSequenceList(text), undefined, JSON.stringify(text))
  }
})
