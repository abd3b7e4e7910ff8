import neostandard from 'neostandard'

export default [
  { ignores: ['**/dist/**', '**/.tap/**', 'packages/*/coverage/**'] },
  ...neostandard({ ts: true }),
  {
    // A URL or a regular expression cannot be broken.
    files: ['packages/*/src/**/*.ts', 'packages/*/bin/*.js', 'benchmarks/src/**/*.ts', 'examples/*/src/**/*.ts'],
    rules: { '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true, ignoreRegExpLiterals: true }] }
  }
]
