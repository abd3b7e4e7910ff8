import fc from 'fast-check'
import type { Arbitrary, AsyncCommand } from 'fast-check'
import type { Way } from '../../attacks/support/dial.ts'
import { Block, CrossSign, MoveClock, Restart, Revoke, RotateOwn, Toggle, Unblock } from './change-commands.ts'
import type { Servers, Target } from './change-commands.ts'
import { Ask, AskAll, Connect, ConnectOtherwise, Resume, Upgrade } from './connection-commands.ts'
import type { Path, Step } from './connection-commands.ts'
import { AskForwarded, UpgradeForwarded } from './forwarded-commands.ts'
import { CAS, FACTS, LEAVES, OCSP_NAMES, ROOTS } from './facts.ts'
import type { Root } from './facts.ts'
import { ChangeMeanwhile } from './meanwhile-command.ts'
import type { Waiting } from './meanwhile-command.ts'
import { Outage, RevokeByOcsp, ToggleResponder } from './ocsp-commands.ts'
import { CallOut, EndForCaller, MoveClockOfCaller, ToggleForCaller } from './outbound-commands.ts'
import { OWN_ROOTS } from './own.ts'
import type { OwnKind } from './own.ts'
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
  ['gateway'], ['gateway'], ['gateway', 'rootAByB'],
  ['dora'], ['dora', 'rootAByB'], ['dora', 'forgedRootAByB'], ['carol'], ['carol'], ['eve', 'brought'], ['eve', 'broughtAgain'],
  ['eve', 'brought', 'broughtAgain'], ['eve', 'broughtShort'], ['eve', 'broughtShort'], ['eve', 'broughtShort', 'brought'], ['eve'], ['eve', 'brought', 'forgedBroughtByB', 'B'],
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
const target: Arbitrary<Target> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ connection: index, place: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.constantFrom<Target[]>('issuing', 'issuingByB', 'rootAByB', 'brought', 'broughtAgain') },
  { weight: 1, arbitrary: fc.constantFrom<Target[]>(...Object.keys(FACTS)) }
)

const connect = fc.tuple(server, client, way).map((drawn) => new Connect(...drawn))
const connectOtherwise = fc.tuple(server, index, fc.nat({ max: 15 }))
  .map(([at, kept, other]) => new ConnectOtherwise(at, kept, other, LIKELY))
const resume = fc.tuple(server, index).map((drawn) => new Resume(...drawn))
const ask = fc.tuple(index, path).map((drawn) => new Ask(...drawn))
const askAll = path.map((drawn) => new AskAll(drawn))
const askForwarded = fc.tuple(index, client, path, fc.constantFrom(false, false, false, true))
  .map((drawn) => new AskForwarded(...drawn))
const upgradeForwarded = fc.tuple(index, client).map((drawn) => new UpgradeForwarded(...drawn))
const upgrade = index.map((drawn) => new Upgrade(drawn))
const callOut = fc.tuple(server, path).map((drawn) => new CallOut(...drawn))
const ownKind = fc.constantFrom<OwnKind[]>(
  'byO', 'byO', 'below', 'below', 'brief', 'brief', 'byP', 'impostor', 'elsewhere'
)
const changeOfCaller = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...OWN_ROOTS).map((drawn) => new ToggleForCaller(drawn)) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom<Array<'revoked' | 'blocked'>>('revoked', 'blocked'), fc.constantFrom<Array<number | 'below'>>(0, 1, 'below'))
      .map((drawn) => new EndForCaller(...drawn))
  },
  { weight: 2, arbitrary: fc.constant(undefined).map(() => new MoveClockOfCaller()) }
)
const change = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(servers, target).map((drawn) => new Revoke(...drawn)) },
  { weight: 3, arbitrary: fc.tuple(servers, fc.constantFrom(...ROOTS)).map((drawn) => new Toggle(...drawn)) },
  {
    weight: 3,
    arbitrary: fc.tuple(servers, fc.constantFrom<Array<'serial' | 'key'>>('serial', 'key'), target)
      .map((drawn) => new Block(...drawn))
  },
  { weight: 1, arbitrary: servers.map((drawn) => new Unblock(drawn)) },
  { weight: 3, arbitrary: fc.tuple(servers, fc.constantFrom(0.5, 1)).map((drawn) => new MoveClock(...drawn)) },
  { weight: 1, arbitrary: servers.map((drawn) => new CrossSign(drawn)) },
  { weight: 2, arbitrary: fc.tuple(servers, ownKind).map((drawn) => new RotateOwn(...drawn)) },
  { weight: 1, arbitrary: server.map((drawn) => new Restart([drawn])) }
)

const ocspName = fc.constantFrom(...OCSP_NAMES)
const changeOfResponder = fc.oneof(
  { weight: 3, arbitrary: ocspName.map((drawn) => new RevokeByOcsp(drawn)) },
  { weight: 2, arbitrary: fc.constant(undefined).map(() => new ToggleResponder()) }
)
const ofResponder: Client[] = [
  ['carol'], ['eve', 'brought'], ['eve', 'broughtAgain'], ['alice', 'issuingByB'], ['bob', 'issuingByB']
].map(([leaf = '', ...sent]) => ({ leaf, sent }))
const outage = fc.constant(undefined).map(() => new Outage())
const waiting: Arbitrary<Waiting> = fc.oneof(
  fc.record({ by: fc.constant('open connection' as const), index }),
  fc.record({
    by: fc.constantFrom('new connection', 'known client', 'known client', 'gateway', 'gateway'),
    server,
    client: fc.constantFrom(...ofResponder),
    way
  })
)
/** A change that concerns who waits, where it is known. */
const changeFor = (who: Waiting): Arbitrary<Step> => {
  if (who.by === 'open connection') return fc.oneof(change, changeOfResponder)
  const { leaf, sent: [above = leaf] } = who.client
  return fc.oneof(
    { weight: 2, arbitrary: fc.oneof(change, changeOfResponder) },
    { weight: 2, arbitrary: fc.constantFrom(leaf, above).map((name) => new Block([who.server], 'serial', name)) },
    { weight: 1, arbitrary: fc.constantFrom(leaf, above).map((name) => new Revoke([who.server], name)) },
    { weight: 1, arbitrary: fc.constantFrom<Root[]>('B', 'C').map((name) => new Toggle([who.server], name)) },
    { weight: 1, arbitrary: fc.constantFrom(leaf, above).map((name) => new RevokeByOcsp(name)) }
  )
}
const changeMeanwhile = waiting
  .chain((who) => fc.tuple(fc.constant(who), changeFor(who)))
  .map((drawn) => new ChangeMeanwhile(...drawn))

/** A sequence of commands. Each is drawn as often as it stands here. */
export function drawCommands (longest: number, replayPath?: string): Arbitrary<Iterable<AsyncCommand<State, State>>> {
  return fc.commands<State, State, false>(
    [
      connect, connect, connectOtherwise, connectOtherwise, resume, resume, resume, ask, askAll, askAll, upgrade, upgrade,
      askForwarded, askForwarded, upgradeForwarded,
      callOut, callOut, callOut, changeOfCaller,
      change, change, change, changeOfResponder, outage, changeMeanwhile, changeMeanwhile
    ],
    { maxCommands: longest, size: 'max', ...(replayPath !== undefined && { replayPath }) }
  )
}
