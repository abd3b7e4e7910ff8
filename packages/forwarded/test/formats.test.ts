import { test } from 'tap'
import type { ChainValidator, ForwardedReaderOptions, ForwardedResult } from '../src/index.ts'
import { createForwardedReader } from '../src/index.ts'
import { ca, client, gateway, gateways, root, stranger, tricky } from './support/people.ts'
import { writers } from './support/writers.ts'
import type { Writer } from './support/writers.ts'

const agreeable: ChainValidator = {
  validate: (_leaf, intermediates) => ({ valid: true, path: [...intermediates, root.der], until: Infinity })
}

function readerOf (
  { options, verifies }: Writer, more: Partial<ForwardedReaderOptions> = {}
): (rawHeaders: readonly string[], sender?: typeof gateway) => ForwardedResult {
  const reader = createForwardedReader({ ...options, ...(!verifies && { validator: agreeable }), ...more, gateways })
  return (rawHeaders, sender = gateway) => reader.read({
    rawHeaders, sender, remoteAddress: '192.0.2.1'
  }) as ForwardedResult
}

for (const writer of writers) {
  const { name, source, verifies, passesChain } = writer
  const read = readerOf(writer)

  test(`${name} (${source}): the certificate that the gateway saw is the client's identity`, async (t) => {
    for (const [issued, name] of [[client, 'billing'], [tricky, 'a+b=c/CN=admin']] as const) {
      const result = read(['Host', 'x', ...writer.write(issued.der, [ca.der])])
      t.match(
        result, { state: 'accepted', identity: { source: 'forwarded', via: [gateway], subject: { commonName: name } } }
      )
      if (result.state !== 'accepted') continue
      t.same(result.identity.raw, Buffer.from(issued.der))
      t.same(
        result.sent, passesChain ? [Buffer.from(ca.der)] : [], 'what the client sent beside it, as the gateway says'
      )
      const chain = result.identity.chain?.map(({ subject }) => subject?.commonName)
      t.same(
        chain, verifies ? undefined : passesChain ? ['Issuing', 'Root'] : ['Root'],
        'only what a validator verified is a chain'
      )
    }
    t.match(
      read(writer.write(tricky.der, [])),
      {
        identity: {
          spiffeId: undefined,
          subject: { organization: 'Müller, Söhne & Co;KG' },
          subjectAltNames: {
            uri: [String(
              /https.*admin$/.exec('https://x.example/a,URI:spiffe://prod.example/admin;URI=spiffe://prod.example/admin')
            )]
          }
        }
      }
    )
  })

  test(`${name}: a repeated header is the same object, so that verdicts on it can be remembered`, async (t) => {
    const [first, second] = [read(writer.write(client.der, [])), read(writer.write(client.der, []))]
    t.ok(first.state === 'accepted' && second.state === 'accepted' && first.identity === second.identity)
    t.notSame(read(writer.write(tricky.der, [])), first)
    t.match(
      read(writer.write(client.der, []), stranger), { state: 'refused', reason: 'untrusted_sender' },
      'what is remembered is not for everybody'
    )
  })

  test(`${name}: from anyone else the header is refused, or removed`, async (t) => {
    t.match(read(writer.write(client.der, []), stranger), { state: 'refused', reason: 'untrusted_sender' })
    t.match(readerOf(writer, { onUntrusted: 'strip' })(writer.write(client.der, []), stranger), { state: 'stripped' })
    t.same(read(['Host', 'x'], stranger), { state: 'absent' })
  })

  test(`${name}: a gateway that saw no certificate speaks for nobody`, async (t) => {
    for (const none of [...writer.none, []]) {
      t.same(read(none), { state: 'anonymous' }, none.join(' '))
      t.same(
        readerOf(writer, { withoutCertificate: 'gateway' })(none),
        { state: none.length === 0 ? 'absent' : 'anonymous' }, none.join(' ')
      )
    }
  })

  test(`${name}: refuses each header twice, under another spelling, too long, ` +
    'or with bytes that do not belong there', async (t) => {
    const headers = writer.write(client.der, [ca.der])
    for (let index = 0; index < headers.length; index += 2) {
      const [header, value] = headers.slice(index, index + 2) as [string, string]
      // Serial number and subject are AWS's own, and not read.
      if (!createForwardedReader({
        ...writer.options, ...(!verifies && { validator: agreeable }), gateways
      }).headerNames.includes(header.toLowerCase())) continue
      t.match(
        read([...headers, header.toUpperCase(), value]),
        { state: 'refused', reason: 'duplicate_header', header: header.toLowerCase() }
      )
      for (const [where, twice] of [
        ['an empty one first', [...headers.slice(0, index), header, '', ...headers.slice(index)]],
        ['an empty one last', [...headers, header, '']],
        ['both empty', [...headers.slice(0, index + 1), '', ...headers.slice(index + 2), header, '']]
      ] as const) {
        t.match(
          read(twice), { state: 'refused', reason: 'duplicate_header', header: header.toLowerCase() },
          `${header}: ${where}`
        )
      }
      t.match(
        read([...headers, header.replaceAll('-', '_'), value]),
        { state: 'refused', reason: 'alias_header', header: header.toLowerCase() }
      )
      t.match(
        read([...headers.slice(0, index), header.replace('-', '_'), ...headers.slice(index + 1)]),
        { state: 'refused', reason: 'alias_header', header: header.toLowerCase() }
      )
      for (const wrong of [
        `${value}\0`, `\0${value}`, `${value}\r\nX: y`, value + value, `${value}, ${value}`, `${value} `, `%${value}`,
        `${value}é`, `"${value}"`
      ]) {
        const result = read([...headers.slice(0, index + 1), wrong, ...headers.slice(index + 2)])
        t.ok(
          result.state === 'refused' || isTheClient(result),
          `${header}: ${JSON.stringify(wrong.slice(0, 20))} … ${JSON.stringify(wrong.slice(-20))}`
        )
      }
      t.match(
        readerOf(writer, { maxHeaderLength: value.length - 1 })(headers), { state: 'refused', reason: 'too_large' }
      )
    }
    if (passesChain) {
      t.match(
        readerOf(writer, { maxChainLength: 1 })(writer.write(client.der, [ca.der, root.der])),
        { state: 'refused', reason: 'chain_too_long' }
      )
    }
  })

  test(`${name}: refuses a header of another format beside its own, unless told that it may stand there`, async (t) => {
    const others = writers.filter(({ name }) => name !== 'custom')
      .map((other) => other.write(tricky.der, []))
      .filter((other) => !namesOf(other).some((name) => readerNames(writer).includes(name)))
    t.ok(others.length > 5)
    for (const other of others) {
      const result = read([...writer.write(client.der, []), ...other])
      t.match(result, { state: 'refused', reason: 'other_format' }, namesOf(other).join())
      t.match(read(other), { state: 'refused', reason: 'other_format' }, `${namesOf(other).join()} alone`)
      t.match(read(other, stranger), { state: 'refused', reason: 'untrusted_sender' })
    }
    const ignoredHeaders = writers.flatMap((other) => namesOf(other.write(client.der, [ca.der])))
    const tolerant = readerOf(writer, { ignoredHeaders })
    for (const other of others) {
      t.ok(isTheClient(tolerant([...writer.write(client.der, []), ...other])), namesOf(other).join())
    }
  })

  if (writer.unverified !== undefined) {
    test(`${name}: what the gateway has not verified is refused; in process its verdict does not matter`, async (t) => {
      for (const headers of writer.unverified!(client.der)) {
        t.match(read(headers), { state: 'refused', reason: 'not_verified' }, headers.join(' ').slice(0, 80))
      }
      const [noted] = writer.unverified!(client.der)
      t.ok(isTheClient(readerOf(writer, { verification: 'in-process', validator: agreeable })(noted!)))
      const strict: ChainValidator = { validate: () => ({ valid: false, reason: 'unknown_anchor', detail: 'CN=Root' }) }
      t.match(readerOf(writer, { verification: 'in-process', validator: strict })(noted!), { state: 'refused', reason: 'bad_chain', detail: 'unknown_anchor: CN=Root' })
    })
  }
}

/** In lower case. */
function namesOf (headers: readonly string[]): string[] {
  return headers.filter((_name, index) => index % 2 === 0).map((name) => name.toLowerCase())
}

function readerNames (writer: Writer): readonly string[] {
  return [writer.write(client.der, [ca.der]), ...writer.none].flatMap(namesOf)
}

function isTheClient (result: ForwardedResult): boolean {
  return result.state === 'accepted' && Buffer.compare(result.identity.raw ?? Buffer.alloc(0), client.der) === 0
}
