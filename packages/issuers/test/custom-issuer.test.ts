import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { customIssuer } from '@peerkit/issuers/custom'
import type { CustomIssuerOptions } from '@peerkit/issuers/custom'
import { issuerCases } from '@peerkit/issuers/test'
import type { IssuerHarness, IssuerWorld } from '@peerkit/issuers/test'

/** A CA with an API of its own: PEM in JSON, both ways. */
async function startCa (world: IssuerWorld): Promise<{ url: string, close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { csr } = JSON.parse(Buffer.concat(chunks).toString())
      world.answer(csr).then((answer) => {
        if (answer.type === 'dropped') request.socket.destroy()
        else if (answer.type === 'garbage') response.end(answer.text)
        else if (answer.type === 'issued') {
          response.end(JSON.stringify({ chain: [answer.leaf, ...answer.intermediates], root: answer.root }))
        } else if (answer.type === 'unavailable') response.writeHead(503).end()
        else response.writeHead(429, { 'retry-after': String(answer.retryAfter) }).end('too many requests')
      }).catch((error) => { response.writeHead(500).end(String(error)) })
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sign`,
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

function harness (read: CustomIssuerOptions['read'], givesCa: boolean): IssuerHarness {
  return async (world) => {
    const { url, close } = await startCa(world)
    const issuer = customIssuer({
      url, names: { cn: 'kit', dns: ['kit.example'] }, request: ({ csr }) => ({ body: { csr } }), read
    })
    return { issuer, givesCa, close }
  }
}

for (const { name, run } of issuerCases) {
  test(`custom: ${name}`, async () => {
    await run(harness((answer) => ({ cert: answer.json().chain.join('') }), false))
  })
  test(`custom, with its CA: ${name}`, async () => {
    await run(harness((answer) => ({ cert: answer.json().chain.join(''), ca: answer.json().root }), true))
  })
}
