// Writes schema.json anew. Run: npm run schema
import { writeFileSync } from 'node:fs'
import { buildSchema } from './build-schema.ts'

writeFileSync(new URL('../schema.json', import.meta.url), `${JSON.stringify(buildSchema(), null, 2)}\n`)
