import { test } from 'tap'
import {
  CrlInvalidError, CrlUnavailableError, OcspInvalidError, OcspUnavailableError, RevocationOptionError, crlChecker
} from '../src/index.ts'
import { readOcspResponse } from '../src/internal.ts'

const cause = new Error('why')

test('each error is of its class, and has its code, its reason and its cause', (t) => {
  const errors = [
    new CrlInvalidError('malformed', 'x', { cause }), new CrlUnavailableError('network', 'x', { cause }),
    new OcspInvalidError('malformed', 'x', { cause }), new OcspUnavailableError('network', 'x', { cause })
  ]
  const classes = [CrlInvalidError, CrlUnavailableError, OcspInvalidError, OcspUnavailableError]
  for (const [i, Class] of classes.entries()) {
    const error = errors[i]!
    t.ok(error instanceof Class)
    t.match(error, { name: Class.name, code: Class.code, message: /: x$/, cause })
    t.equal(error.reason, i % 2 === 0 ? 'malformed' : 'network')
    t.notOk('statusCode' in error, 'the plugin that answers a request knows the status')
  }
  t.throws(() => crlChecker({} as never), RevocationOptionError)
  t.ok(new RevocationOptionError('x') instanceof TypeError)
  t.end()
})

test('an error of a responder says what the responder said', (t) => {
  const tryLater = Uint8Array.of(0x30, 3, 0x0a, 1, 3)
  t.throws(() => readOcspResponse(tryLater), { reason: 'responder_status', responderStatus: 'tryLater' })
  t.throws(() => readOcspResponse(Uint8Array.of(0)), { reason: 'malformed', responderStatus: undefined })
  t.end()
})
