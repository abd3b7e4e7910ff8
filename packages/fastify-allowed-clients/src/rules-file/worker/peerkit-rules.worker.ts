// What the worker runs that reads a rules file. The build makes a file of its own of it, beside that of its callers.
import { doRulesJob } from '../rules-job.ts'
import { serveJob } from './serve-job.ts'

await serveJob(doRulesJob)
