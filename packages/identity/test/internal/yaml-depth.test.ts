import { test } from 'tap'
import { Lexer } from 'yaml'
import { isDeepYaml } from '../../src/internal/yaml-depth.ts'

/** The least limit that allows the text. */
function depthOf (text: string): number {
  for (let most = 0; ; most++) if (!isDeepYaml(new Lexer().lex(text), most)) return most
}

test('counts brackets, indentation and indicators on a line', async (t) => {
  for (const [text, depth] of [
    ['a', 0], ['a: b', 1], ['- a', 1], ['- - - a', 3], ['? ? a', 2], [': : : a', 3], ['[[[a]]]', 3], ['{a: {b: 1}}', 4], ['a: b: c: d', 3],
    ['a:\n  b:\n    c: d', 3], ['a:\n  b: 1\nc:\n  d: 1', 2], ['{a: 1, b: 2, c: 3}', 2], ['{"a":"b":"c":"d"}', 4], ['a: https://h:1/b', 1], ['', 0],
    ['\n\n\n', 0], [']]]]', 0], ['# [[[[[\n', 0], ['"[[[[["', 0], ['[1,2]\n[3]', 1], ['a:\n\n      b: 1\n  c:\n    d: 1', 3]
  ] as const) t.equal(depthOf(text), depth, JSON.stringify(text))
})

test('a text may be long, and only deep where it is', async (t) => {
  const flat = Array.from({ length: 500 }, (_, at) => `- { ou: "a${at}", cn: [x, "y"] }`).join('\n')
  t.ok(depthOf(flat) < 6)
  for (const deep of ['[', '{', '- ', '? ', ': ', '{"a":']) t.ok(isDeepYaml(new Lexer().lex(deep.repeat(300)), 200), deep)
  const stairs = Array.from({ length: 300 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')
  t.ok(isDeepYaml(new Lexer().lex(stairs), 200))
})
