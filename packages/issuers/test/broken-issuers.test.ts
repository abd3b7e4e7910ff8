// Each case of the kit catches an issuer that is wrong in its way, and lets one pass that is not.
import { createPublicKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { test } from 'tap'
import type { IssuedMaterial, IssueQuestion } from '@peerkit/credentials'
import { issuerCases } from '@peerkit/issuers/test'
import type { IssuerHarness, IssuerWorld, WorldAnswer } from '@peerkit/issuers/test'

type Issue = (question: IssueQuestion) => Promise<IssuedMaterial>
type Issued = Extract<WorldAnswer, { type: 'issued' }>

interface Broken {
  readonly wrong: string
  /** The case that catches it. */
  readonly caughtBy: string
  /** What the case says. */
  readonly says: RegExp
  make (world: IssuerWorld): Issue
  readonly givesCa?: boolean
  readonly secrets?: readonly string[]
  /** Set for issuers that do nothing. */
  readonly patience?: number
}

const MINUTE = 60_000
const TOKEN = 'hvs.CAESIJ-the-token-of-the-issuer'

/** Waits for the answer, or for the end of the call. */
async function ask ({ publicKey, signal }: IssueQuestion, world: IssuerWorld): Promise<WorldAnswer> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => { reject(signal.reason) }, { once: true })
  return await Promise.race([world.answer(publicKey), promise])
}

/** @throws an error that says what the CA did */
function materialOf (answer: WorldAnswer): IssuedMaterial {
  if (answer.type === 'issued') return { cert: [answer.leaf, ...answer.intermediates].join('') }
  const error = new Error(`the CA answered: ${answer.type}`)
  throw answer.type === 'rate_limited' ? Object.assign(error, { retryAfter: answer.retryAfter * 1000 }) : error
}

const pemOf = (key: IssueQuestion['privateKey']): string => (key as KeyObject).export({ type: 'pkcs8', format: 'pem' }) as string

/** Gives the former certificate and key where `isHidden` says so, instead of what the CA answered. */
function hiding (world: IssuerWorld, isHidden: (answer: WorldAnswer, question: IssueQuestion) => boolean): Issue {
  let last: IssuedMaterial | undefined
  return async (question) => {
    const answer = await ask(question, world)
    if (last !== undefined && isHidden(answer, question)) return last
    const made = materialOf(answer)
    last = { ...made, key: pemOf(question.privateKey) }
    return made
  }
}

/** Hides a certificate of which `isHidden` says so. */
const hidingLeaf = (isHidden: (leaf: X509Certificate, now: number, question: IssueQuestion) => boolean) => {
  return (world: IssuerWorld): Issue => hiding(world, (answer, question) => {
    return answer.type === 'issued' && isHidden(new X509Certificate(answer.leaf), world.clock.now(), question)
  })
}

const startOf = ({ validFromDate }: X509Certificate): number => validFromDate.getTime()
const ignoringTheSignal = (world: IssuerWorld): Issue => async ({ publicKey }) => materialOf(await world.answer(publicKey))
const NOTHING_CHANGED = /the answer changed nothing; expected the change refused|recovered; expected refused/

const broken: readonly Broken[] = [
  {
    wrong: 'orders two certificates',
    caughtBy: 'issues a certificate for our key',
    says: /one certificate is ordered/,
    make: (world) => async (question) => {
      await ask(question, world)
      return materialOf(await ask(question, world))
    }
  },
  {
    wrong: 'gives the leaf alone',
    caughtBy: 'issues a certificate for our key',
    says: /does not lead to|intermediate|no_anchor|issuer/,
    make: (world) => async (question) => ({ cert: (await ask(question, world) as Issued).leaf })
  },
  {
    wrong: 'gives its first certificate for ever',
    caughtBy: 'renews after two thirds of the lifetime, with a new key',
    says: /changed nothing; expected the change rotated/,
    make: (world) => hiding(world, () => true)
  },
  {
    wrong: 'remembers a certificate for a minute',
    caughtBy: 'renews a certificate of 60 seconds in time',
    says: /changed nothing; expected the change rotated/,
    make: hidingLeaf((leaf, now, { previous }) => now - (previous?.identity.notBefore ?? 0) < MINUTE)
  },
  {
    wrong: 'expects a certificate that starts now',
    caughtBy: 'accepts a certificate of an issuer whose clock is behind',
    says: /the answer is old/,
    make: (world) => async (question) => {
      const answer = await ask(question, world) as Issued
      if (startOf(new X509Certificate(answer.leaf)) < world.clock.now() - MINUTE) throw new Error('the answer is old')
      return materialOf(answer)
    }
  },
  {
    wrong: 'hides a certificate that starts soon',
    caughtBy: 'refuses a certificate of an issuer whose clock is ahead, until it starts',
    says: NOTHING_CHANGED,
    make: hidingLeaf((leaf, now) => startOf(leaf) > now && startOf(leaf) < now + 10 * MINUTE)
  },
  {
    wrong: 'hides a certificate for another key',
    caughtBy: 'refuses a certificate for another key',
    says: NOTHING_CHANGED,
    make: hidingLeaf(({ publicKey }, _now, question) => !publicKey.equals(createPublicKey(question.publicKey)))
  },
  {
    wrong: 'hides a certificate that has expired',
    caughtBy: 'refuses a certificate that has expired',
    says: NOTHING_CHANGED,
    make: hidingLeaf(({ validToDate }, now) => validToDate.getTime() < now)
  },
  {
    wrong: 'hides a certificate that starts tomorrow',
    caughtBy: 'refuses a certificate that is not valid yet',
    says: NOTHING_CHANGED,
    make: hidingLeaf((leaf, now) => startOf(leaf) > now + 60 * MINUTE)
  },
  {
    wrong: 'adds an intermediate that it got before',
    caughtBy: 'refuses a chain without its intermediate',
    says: /rotated; expected refused/,
    make: (world) => {
      let known: readonly string[] = []
      return async (question) => {
        const answer = await ask(question, world)
        if (answer.type !== 'issued') return materialOf(answer)
        known = answer.intermediates.length > 0 ? answer.intermediates : known
        return { cert: [answer.leaf, ...known].join('') }
      }
    }
  },
  {
    wrong: 'hides the page of a proxy',
    caughtBy: 'refuses an answer that is not of the API',
    says: NOTHING_CHANGED,
    make: (world) => hiding(world, ({ type }) => type === 'garbage')
  },
  {
    wrong: 'shows its token in an error',
    caughtBy: 'refuses an answer that is not of the API',
    says: /shows no key and no secret/,
    secrets: [TOKEN],
    make: (world) => async (question) => {
      const answer = await ask(question, world)
      if (answer.type === 'garbage') throw new Error('no JSON', { cause: { headers: { authorization: TOKEN } } })
      return materialOf(answer)
    }
  },
  {
    wrong: 'hides that the connection broke',
    caughtBy: 'refuses nothing silently when the connection breaks after the order',
    says: NOTHING_CHANGED,
    make: (world) => hiding(world, ({ type }) => type === 'dropped')
  },
  {
    wrong: 'shows the key in an error, for whoever wants to fetch the certificate later',
    caughtBy: 'refuses nothing silently when the connection breaks after the order',
    says: /shows no key and no secret/,
    make: (world) => async (question) => {
      const answer = await ask(question, world)
      if (answer.type === 'dropped') throw Object.assign(new Error('lost'), { request: { key: pemOf(question.privateKey) } })
      return materialOf(answer)
    }
  },
  {
    wrong: 'uses the key of its first order again',
    caughtBy: 'starts again after a crash between order and answer, with another key',
    says: /the key of the lost certificate is not used/,
    make: (world) => {
      let first: IssueQuestion | undefined
      return async ({ signal, ...question }) => {
        first ??= { ...question, signal }
        const answer = await ask({ ...first, signal }, world)
        return { ...materialOf(answer), key: pemOf(first.privateKey) }
      }
    }
  },
  {
    wrong: 'does not tell how long it has to wait',
    caughtBy: 'waits as long as a rate limit says',
    says: /does not ask before the time of Retry-After/,
    make: (world) => async (question) => {
      const answer = await ask(question, world)
      if (answer.type === 'rate_limited') throw new Error('too many requests')
      return materialOf(answer)
    }
  },
  {
    wrong: 'tells the wait in seconds',
    caughtBy: 'waits as long as a rate limit says',
    says: /does not ask before the time of Retry-After/,
    make: (world) => async (question) => {
      const answer = await ask(question, world)
      if (answer.type === 'rate_limited') throw Object.assign(new Error('wait'), { retryAfter: answer.retryAfter })
      return materialOf(answer)
    }
  },
  {
    wrong: 'gives up after three failures',
    caughtBy: 'serves the last certificate through an outage, and renews when it is over',
    says: /did nothing for 2000 ms; expected another call/,
    patience: 2_000,
    make: (world) => {
      let failures = 0
      return async (question) => {
        if (failures >= 3) throw new Error('the circuit is open')
        const answer = await ask(question, world)
        if (answer.type !== 'issued') failures += 1
        return materialOf(answer)
      }
    }
  },
  {
    wrong: 'needs a valid certificate to get one',
    caughtBy: 'renews after an outage in which the certificate expired',
    says: /enroll again/,
    make: (world) => async (question) => {
      const { previous } = question
      if (previous !== undefined && previous.notAfter < world.clock.now()) throw new Error('expired: enroll again')
      return materialOf(await ask(question, world))
    }
  },
  {
    wrong: 'gives its first root for ever',
    caughtBy: 'follows another root',
    says: /the chain ends at/,
    givesCa: true,
    make: (world) => {
      let ca: string | undefined
      return async (question) => {
        const answer = await ask(question, world)
        if (answer.type === 'issued') ca ??= answer.root
        return { ...materialOf(answer), ...(ca !== undefined && { ca }) }
      }
    }
  },
  {
    wrong: 'trusts a root that nobody gave it',
    caughtBy: 'follows another root',
    says: /rotated; expected refused|CAs of the answer are trusted, and no others/,
    make: (world) => async (question) => {
      const answer = await ask(question, world)
      return { ...materialOf(answer), ...(answer.type === 'issued' && { ca: answer.root }) }
    }
  },
  {
    wrong: 'does not end with its signal',
    caughtBy: 'ends at once when it is closed during a call',
    says: /did nothing for 2000 ms; expected the end of a call whose signal is aborted/,
    patience: 2_000,
    make: ignoringTheSignal
  },
  {
    wrong: 'does not end with its signal',
    caughtBy: 'gives up a call after its time, and asks again',
    says: /did nothing for 2000 ms; expected the end of a call whose signal is aborted/,
    patience: 2_000,
    make: ignoringTheSignal
  },
  {
    wrong: 'says nothing',
    caughtBy: 'says at the start why there is no certificate',
    says: /the error of the issuer says what is wrong/,
    make: (world) => async (question) => {
      const answer = await ask(question, world)
      if (answer.type !== 'issued') throw new Error('')
      return materialOf(answer)
    }
  },
  {
    wrong: 'hides at the start that there is no certificate',
    caughtBy: 'says at the start why there is no certificate',
    says: /a start without a certificate fails|did nothing/,
    patience: 2_000,
    make: (world) => async (question) => {
      const answer = await ask(question, world)
      if (answer.type !== 'issued') await new Promise(() => {})
      return materialOf(answer)
    }
  }
]

const harnessOf = (make: Broken['make'], givesCa = false, secrets: readonly string[] = []): IssuerHarness => {
  return async (world) => ({ issuer: { issue: make(world) }, givesCa, secrets, close: async () => {} })
}

for (const { wrong, caughtBy, says, make, givesCa, secrets, patience } of broken) {
  test(`"${caughtBy}" catches an issuer that ${wrong}`, async (t) => {
    const { run } = issuerCases.find(({ name }) => name === caughtBy) as typeof issuerCases[number]
    const error: unknown = await run(harnessOf(make, givesCa, secrets), { patience }).catch((reason: unknown) => reason)
    t.match((error as Error | undefined)?.message, says)
  })
}

test('each case catches somebody', (t) => {
  const caught = new Set(broken.map(({ caughtBy }) => caughtBy))
  t.same(issuerCases.map(({ name }) => name).filter((name) => !caught.has(name)), [])
  t.end()
})

for (const { name, run } of issuerCases) {
  test(`an issuer that does what it should: ${name}`, async () => {
    await run(harnessOf((world) => async (question) => materialOf(await ask(question, world)), false, [TOKEN]))
  })
}
