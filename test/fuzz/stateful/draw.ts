import fc from 'fast-check'
import type { Arbitrary, AsyncCommand } from 'fast-check'
import type { Way } from '../../attacks/support/dial.ts'
import { Block, CrossSign, MoveClock, Restart, Revoke, RotateOwn, Toggle } from './change-commands.ts'
import type { Servers } from './change-commands.ts'
import { Ask, Connect, Resume, Speak, Upgrade } from './connection-commands.ts'
import type { Path } from './connection-commands.ts'
import { CAS, LEAVES, ROOTS } from './facts.ts'
import type { Client, State } from './state.ts'

const LEAF_NAMES = Object.keys(LEAVES)
const CA_NAMES = Object.keys(CAS)

/** Clients as they are meant to be, and some whose extra certificates were chosen to mislead. */
const LIKELY: readonly Client[] = [
  ['alice', 'issuing'], ['alice', 'issuingByB'], ['alice', 'issuing', 'issuingByB'], ['alice', 'issuingByB', 'issuing'],
  ['alice', 'issuingByBShort', 'issuing'], ['alice', 'issuing', 'rootAByB'], ['alice', 'twin', 'issuing'],
  ['alice', 'issuingByBExpired', 'issuing'], ['alice', 'issuing', 'forgedIssuing'], ['alice', 'forgedIssuing'],
  ['alice', 'issuing', 'A'], ['alice', 'issuing', 'forgedRootAByB', 'B'], ['bob', 'issuing'], ['bob', 'issuingByB'],
  ['brief', 'issuing'], ['brief', 'issuing', 'issuingByBShort'], ['sam'], ['sam', 'second'], ['sam', 'second', 'rootAByB'],
  ['dora'], ['dora', 'rootAByB'], ['dora', 'forgedRootAByB'], ['carol'], ['eve', 'brought'], ['eve', 'broughtAgain'],
  ['eve', 'brought', 'broughtAgain'], ['eve'], ['eve', 'brought', 'forgedBroughtByB', 'B'],
  ['thief', 'forgedIssuingOfThief'], ['thief', 'forgedIssuingOfThief', 'issuing', 'A'], ['unlisted', 'twin']
].map(([leaf = '', ...sent]) => ({ leaf, sent }))

const client: Arbitrary<Client> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...LIKELY) },
  {
    weight: 1,
    arbitrary: fc.record({
      leaf: fc.constantFrom(...LEAF_NAMES), sent: fc.shuffledSubarray(CA_NAMES, { maxLength: 4 })
    })
  }
)
const way: Arbitrary<Way> = fc.record({
  version: fc.constantFrom('TLSv1.3', 'TLSv1.2'),
  protocol: fc.constantFrom('HTTP/1.1', 'HTTP/2')
})
const server = fc.constantFrom(0, 1)
const servers: Arbitrary<Servers> = fc.constantFrom<Servers[]>([0, 1], [0, 1], [0], [1])
const index = fc.nat({ max: 7 })
const path = fc.constantFrom<Path[]>('/', '/a')
/** What a CA may revoke: everything that it signed. */
const revocable = fc.constantFrom('issuing', 'issuingByB', 'second', 'rootAByB', 'alice', 'bob', 'sam', 'dora', 'carol')
const blockable = fc.constantFrom(
  'serial issuing', 'serial issuingByB', 'serial brought', 'serial A', 'serial alice', 'serial eve', 'serial dora',
  'key issuing', 'key brought', 'key A', 'key alice', 'key sam', 'key eve', 'key B'
)

const connect = fc.tuple(server, client, way).map((drawn) => new Connect(...drawn))
const resume = fc.tuple(server, index).map((drawn) => new Resume(...drawn))
const ask = fc.tuple(index, path).map((drawn) => new Ask(...drawn))
const upgrade = index.map((drawn) => new Upgrade(drawn))
const speak = index.map((drawn) => new Speak(drawn))
const change = fc.oneof(
  fc.tuple(servers, revocable).map((drawn) => new Revoke(...drawn)),
  fc.tuple(servers, fc.constantFrom(...ROOTS)).map((drawn) => new Toggle(...drawn)),
  fc.tuple(servers, blockable).map((drawn) => new Block(...drawn)),
  fc.tuple(servers, fc.constantFrom(0.5, 1)).map((drawn) => new MoveClock(...drawn)),
  servers.map((drawn) => new CrossSign(drawn)),
  servers.map((drawn) => new RotateOwn(drawn)),
  server.map((drawn) => new Restart([drawn]))
)

/** A sequence of commands. Each is drawn as often as it stands here. */
export function drawCommands (longest: number, replayPath?: string): Arbitrary<Iterable<AsyncCommand<State, State>>> {
  return fc.commands<State, State>(
    [connect, connect, connect, resume, resume, ask, ask, upgrade, speak, change, change],
    { maxCommands: longest, size: 'max', ...(replayPath !== undefined && { replayPath }) }
  )
}
