import { setTimeout as wait } from 'node:timers/promises'
import { Caller } from './caller.ts'
import type { Answer } from './caller.ts'
import type { Transcript } from './transcript.ts'
import type { WorkerMessage } from './worker.ts'
import type { Workers } from './workers.ts'
import type { World } from './world.ts'

export interface Demo { readonly world: World, readonly workers: Workers, readonly transcript: Transcript }

const isFrom = (answer: Answer, id: number): boolean => 'worker' in answer && answer.worker === id
const show = (answer: Answer): string => {
  return 'worker' in answer ? `${answer.resumed ? 'resumed' : 'full handshake'}, ${answer.name}` : 'refused'
}

/** Each worker resumes a session that another one began: the client offers that of its call before. */
async function expectResumption ({ workers, transcript }: Demo, olga: Caller): Promise<void> {
  for (const id of workers.ids) {
    const answer = await olga.callUntil(`a session of another worker at worker ${id}`, (one, before) => {
      return isFrom(one, id) && 'worker' in one && one.resumed && before !== undefined && !isFrom(before, id)
    })
    transcript.expect(`a session of another worker at worker ${id}`, show(answer), 'resumed, Olga')
  }
}

/** A session that one worker began is resumed by the others. */
export async function resumptionStep (demo: Demo, olga: Caller): Promise<void> {
  demo.transcript.title('1. A session that one worker began is resumed by the others')
  demo.transcript.expect('the first connection', show(await olga.call()), 'full handshake, Olga')
  await expectResumption(demo, olga)
}

/** A deployment: new processes resume the sessions of those that they replace. */
export async function replacementStep (demo: Demo, olga: Caller): Promise<void> {
  const { workers, transcript } = demo
  transcript.title('2. All workers are replaced, one after the other, while calls go on')
  const before = workers.ids
  const calls = { go: true, answered: 0, repeated: 0 }
  async function goOn (): Promise<void> {
    for (; calls.go; calls.answered++) {
      calls.repeated += await olga.callWithRepeats(3)
      await wait(25)
    }
  }
  await Promise.all([goOn(), workers.replace().finally(() => { calls.go = false })])
  transcript.line(`     ${calls.answered} calls were answered; ${calls.repeated} had to be repeated`)
  const stayed = workers.ids.filter((id) => before.includes(id))
  transcript.expect('workers that stayed', String(stayed.length), '0')
  await expectResumption(demo, olga)
}

/** A revocation reaches every worker, and no session outlives it. */
export async function revocationStep ({ world, workers, transcript }: Demo, olga: Caller): Promise<void> {
  transcript.title('3. A revocation reaches all workers')
  const { ids, heard } = workers
  const all = String(ids.length)
  const whoSaid = (type: WorkerMessage['type']): string => {
    return String(new Set(heard.filter(({ message }) => message.type === type).map(({ worker }) => worker)).size)
  }
  await world.revoke(world.olga)
  // Each worker watches the file itself. This waits for what they say, and for nothing else.
  for (let tries = 0; whoSaid('reloaded') !== all; tries++) {
    if (tries > 3_000) throw new Error(`${whoSaid('reloaded')} of ${all} workers have read the new CRL`)
    await wait(20)
  }
  transcript.expect('workers with the new CRL', whoSaid('reloaded'), all)
  await olga.callUntil('a refusal by each worker', (answer) => {
    if ('worker' in answer) throw new Error(`worker ${answer.worker} still served Olga`)
    return whoSaid('refused') === all
  })
  const reasons = heard.flatMap(({ message }) => message.type === 'refused' ? [message.reason] : [])
  const by = `${whoSaid('refused')} workers: ${[...new Set(reasons)].join(', ')}`
  transcript.expect('Olga and her session are refused by', by, `${all} workers: revoked`)
  const otto = new Caller(world.otto, world.ca, workers.port)
  for (const id of ids) {
    const answer = await otto.callUntil(`a connection to worker ${id}`, (one) => isFrom(one, id))
    transcript.expect(`worker ${id} goes on`, show(answer), /, Otto$/)
  }
}
