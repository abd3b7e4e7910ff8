import { test } from 'tap'
import { SpiffeOptionError } from '../../src/errors.ts'
import { ENDPOINT_VARIABLE, describeEndpoint, readEndpoint } from '../../src/workload-api/endpoint.ts'

test('addresses', (t) => {
  for (const [text, endpoint, shown] of [
    ['unix:/run/agent.sock', { path: '/run/agent.sock' }],
    ['unix:///run/agent.sock', { path: '/run/agent.sock' }, 'unix:/run/agent.sock'],
    ['unix:/run/%20agent.sock', { path: '/run/%20agent.sock' }],
    ['tcp://127.0.0.1:8000', { host: '127.0.0.1', port: 8000 }],
    ['tcp://[::1]:8000', { host: '::1', port: 8000 }]
  ] as const) {
    t.same(readEndpoint(text), endpoint, text)
    t.equal(describeEndpoint(readEndpoint(text)), shown ?? text)
  }
  t.end()
})

test('what is no address', (t) => {
  for (const text of [
    '', 'unix:', 'unix:agent.sock', 'unix://host/agent.sock', 'unix:/a?b', 'unix:/a#b', 'unix:/a\0b', '/run/agent.sock', 'http://127.0.0.1:80', 'TCP://127.0.0.1:80',
    'tcp:127.0.0.1:80', 'tcp://localhost:80', 'tcp://127.0.0.1', 'tcp://127.0.0.1:0', 'tcp://127.0.0.1:65536', 'tcp://127.0.0.1:80/', 'tcp://127.0.0.1:80?x',
    'tcp://user@127.0.0.1:80', 'tcp://::1:80', 'tcp://[127.0.0.1]:80', 'tcp://[::1:80', 'tcp://127.0.0.1:8e1', 7, null, {}
  ]) {
    t.throws(() => readEndpoint(text), { code: 'MTLS_ERR_SPIFFE_OPTION', message: /expected unix:\/path\/to\/socket or tcp:/ } as unknown as Error, JSON.stringify(text))
  }
  t.end()
})

test('the variable', (t) => {
  const before = process.env[ENDPOINT_VARIABLE]
  t.teardown(() => {
    if (before === undefined) delete process.env[ENDPOINT_VARIABLE]
    else process.env[ENDPOINT_VARIABLE] = before
  })
  process.env[ENDPOINT_VARIABLE] = 'unix:/from/variable'
  t.same(readEndpoint(undefined), { path: '/from/variable' })
  t.same(readEndpoint('unix:/from/option'), { path: '/from/option' })
  process.env[ENDPOINT_VARIABLE] = 'nonsense'
  t.throws(() => readEndpoint(undefined), /the variable SPIFFE_ENDPOINT_SOCKET is "nonsense"/)
  delete process.env[ENDPOINT_VARIABLE]
  t.throws(() => readEndpoint(undefined), /socket is missing, and SPIFFE_ENDPOINT_SOCKET is not set/)
  t.ok(new SpiffeOptionError('x') instanceof Error)
  t.end()
})
