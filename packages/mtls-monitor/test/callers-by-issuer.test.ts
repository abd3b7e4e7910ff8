import { connectionIdentified, requestAllowed } from '@peerkit/events'
import { createPartialIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { countCallersByIssuer } from '../src/index.ts'

function connect (issuer: string, time: number): void {
  const peer = createPartialIdentity({ subject: 'CN=caller', issuer })
  connectionIdentified.publish({ v: 1, time, peer, remoteAddress: undefined, resumed: false })
}

test('the two hundred issuers that were seen last are counted', async (t) => {
  const callers = countCallersByIssuer()
  for (let index = 0; index < 300; index += 1) connect(`CN=issuer ${index}`, index)
  const issuers = callers.list().map(({ issuer }) => issuer)
  t.strictSame(issuers, Array.from({ length: 200 }, (_, index) => `CN=issuer ${299 - index}`))
  connect('CN=issuer 0', 300)
  t.match(callers.list().slice(0, 1), [{ issuer: 'CN=issuer 0', connections: 1, firstSeen: 300 }], 'counted from zero')
  callers.close()
})

test('an issuer whose clients send requests is in use, and stays', async (t) => {
  const callers = countCallersByIssuer()
  const peer = createPartialIdentity({ subject: 'CN=caller', issuer: 'CN=in use' })
  for (let index = 0; index < 400; index += 1) {
    requestAllowed.publish({ v: 1, time: index, peer, requestId: '1', method: 'GET', path: '/', route: '/' } as never)
    connect(`CN=issuer ${index}`, index)
  }
  t.match(callers.list().find(({ issuer }) => issuer === 'CN=in use'), { requests: 400, firstSeen: 0 })
  callers.close()
})

test('an issuer that was forgotten while its client is connected is counted again', async (t) => {
  const callers = countCallersByIssuer()
  const peer = createPartialIdentity({ subject: 'CN=caller', issuer: 'CN=early' })
  const allow = (time: number): void => {
    requestAllowed.publish({ v: 1, time, peer, requestId: '1', method: 'GET', path: '/', route: '/' } as never)
  }
  allow(1)
  allow(2)
  t.match(callers.list(), [{ issuer: 'CN=early', requests: 2 }])
  for (let index = 0; index < 200; index += 1) connect(`CN=issuer ${index}`, 10 + index)
  allow(1_000)
  t.match(callers.list().slice(0, 1), [{ issuer: 'CN=early', requests: 1, firstSeen: 1_000, lastSeen: 1_000 }])
  callers.close()
})
