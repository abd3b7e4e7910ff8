import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { authoritiesIn } from './authorities.ts'
import { makePki } from './pki.ts'
import { startService } from './service.ts'

const pki = await makePki()
const clients = {
  orders: await pki.internal.issue({ profile: 'client', spiffe: 'spiffe://prod.example/ns/shop/sa/orders' }),
  acme: await pki.acme.issue({ profile: 'client', spiffe: 'spiffe://acme.example/batch' }),
  forged: await pki.acme.issue({ profile: 'client', spiffe: 'spiffe://prod.example/ns/shop/sa/orders' })
}
const service = await startService(pki.folder, authoritiesIn(pki.folder), (line) => { process.stdout.write(line) })
for (const [name, { chain, key }] of Object.entries(clients)) {
  await pki.place(`${name}.both`, chain + key)
  const [ca, cert] = [join(pki.folder, 'internal.pem'), join(pki.folder, `${name}.both`)]
  console.log(`curl --cacert ${ca} --cert ${cert} ${service.origin}/entries`)
}
console.log('Press Ctrl+C to stop; the certificates are removed then.')

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    service.close().then(async () => { await rm(pki.folder, { recursive: true }) }).catch(console.error)
  })
}
