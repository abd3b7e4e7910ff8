export { startDemo } from './demo.ts'
export type { Demo } from './demo.ts'
