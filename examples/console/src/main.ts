import { join } from 'node:path'
import { startDemo } from './demo.ts'

const EVERY = 15_000

const { PORT = '8443' } = process.env
if (!/^\d+$/.test(PORT) || Number(PORT) > 65_535) throw new Error(`PORT is "${PORT}"; expected a port, 0 to 65535`)
const demo = await startDemo({ port: Number(PORT) }).catch((error: unknown) => {
  console.error(error)
  // The thread of the ledger would keep the process alive, and nothing would say why.
  process.exit(1)
})
const { folder, accounts: { origin } } = demo
const [ca, cert, key] = ['ca.pem', 'operator.pem', 'operator-key.pem'].map((name) => join(folder, name))
const [console_, p12] = [`${origin}/console`, join(folder, 'operator.p12')]

console.log(`The console: ${console_}
Only operators may read it. More calls follow every ${EVERY / 1000} seconds.

With curl:
  curl --cacert ${ca} --cert ${cert} --key ${key} ${console_}/data.json

With a browser: make a PKCS#12 file from the operator's certificate (password: demo),
  openssl pkcs12 -export -in ${cert} -inkey ${key} -out ${p12} -passout pass:demo
then import it as a personal certificate, and ${ca} as an authority. For Chromium on Linux, in a separate profile:
  mkdir -p ${folder}/home/.pki/nssdb && certutil -d sql:${folder}/home/.pki/nssdb -N --empty-password
  certutil -d sql:${folder}/home/.pki/nssdb -A -t C,, -n demo-ca -i ${ca}
  pk12util -d sql:${folder}/home/.pki/nssdb -i ${p12} -W demo
  HOME=${folder}/home chromium --user-data-dir=${folder}/profile ${console_}

Press Ctrl+C to stop and to remove all files.`)

let turn = setTimeout(again, EVERY)
async function again (): Promise<void> {
  await demo.call()
  turn = setTimeout(again, EVERY)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearTimeout(turn)
    demo.close().catch(console.error)
  })
}
