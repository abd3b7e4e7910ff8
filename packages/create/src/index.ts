export { createService } from './create.ts'
