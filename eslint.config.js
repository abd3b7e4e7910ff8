import neostandard from 'neostandard'

export default [
  { ignores: ['**/dist/**', '**/.tap/**', 'packages/*/coverage/**'] },
  ...neostandard({ ts: true }),
]
