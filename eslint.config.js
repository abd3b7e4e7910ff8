import neostandard from 'neostandard'

export default [
  { ignores: ['**/dist/**', '**/.tap/**', '**/coverage/**'] },
  ...neostandard({ ts: true }),
]
