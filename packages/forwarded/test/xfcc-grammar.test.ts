import { test } from 'tap'
import { parseXfcc } from '../src/formats/xfcc.ts'

test('parses elements, pairs, quotes and escapes', async (t) => {
  t.same(parseXfcc('By=a;Hash=b'), [[{ key: 'by', value: 'a' }, { key: 'hash', value: 'b' }]])
  t.same(
    parseXfcc('by=;URI=https://x/?a=b,\t DNS=c'),
    [[{ key: 'by', value: '' }, { key: 'uri', value: 'https://x/?a=b' }], [{ key: 'dns', value: 'c' }]]
  )
  t.same(parseXfcc('Subject="a;b,c=d";URI=e'), [[{ key: 'subject', value: 'a;b,c=d' }, { key: 'uri', value: 'e' }]])
  t.same(
    parseXfcc('Subject="CN=say \\"x\\"\\\\";DNS=e'),
    [[{ key: 'subject', value: 'CN=say \\"x\\"\\\\' }, { key: 'dns', value: 'e' }]]
  )
  t.same(parseXfcc('Subject=""'), [[{ key: 'subject', value: '' }]])
})

test('refuses whatever is not whole', async (t) => {
  for (const text of [
    '', ' ', ',', ';', '=', 'By', 'By=a,', 'By=a;', ',By=a', ';By=a', 'By=a;;Hash=b', 'By=a,,By=b', 'Nonsense=a',
    'By=a;x=y', 'Subject="a', 'Subject="a\\"', 'Subject="a"b', 'Subject="a""b"', 'Subject="a" ;URI=b',
    'Subject="a"=b', 'URI=a"b"', 'URI="', ' By=a', 'By =a', 'By=a; Hash=b', 'By=a\u00a0,By=b\n;x'
  ]) t.equal(parseXfcc(text), undefined, JSON.stringify(text))
})
