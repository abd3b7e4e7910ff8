import { join } from 'node:path'
import { startDemo } from '@peerkit/example-console'
import { openChromium } from './chromium/open-chromium.ts'
const out = process.argv[2]!
const wanted = process.argv.slice(3)
const tools = { chromium: '/usr/bin/chromium', certutil: '/usr/bin/certutil', pk12util: '/usr/bin/pk12util', openssl: '/usr/bin/openssl' }
const demo = await startDemo()
const { accounts: { origin }, folder } = demo
const ca = join(folder, 'ca.pem')
const browser = await openChromium(tools, { origin, ca, cert: join(folder, 'operator.pem'), key: join(folder, 'operator-key.pem') })
const page = browser.pages()[0] ?? await browser.newPage()
const paths = wanted.length ? wanted : ['/', '/access', '/what-if', '/clients', '/log', '/trust', '/forecast', '/calls', '/timeline', '/expiry', '/nowhere']
for (const [width, scheme] of [[1280, 'light'], [360, 'light'], [1280, 'dark']] as const) {
  await page.emulateMedia({ colorScheme: scheme })
  await page.setViewportSize({ width, height: 800 })
  for (const path of paths) {
    await page.goto(`${origin}/console${path}`)
    const h = await page.evaluate('document.documentElement.scrollHeight')
    console.log(width, scheme, path, h)
    const name = path.replaceAll(/[^a-z]/g, '') || 'overview'
    if (width === 360) await page.screenshot({ path: join(out, `${name}-top.png`), clip: { x: 0, y: 0, width: 360, height: 1000 }, fullPage: true })
    else if (scheme === 'light' || path === '/' ) await page.screenshot({ path: join(out, `${name}-${width}-${scheme}.png`), fullPage: true })
  }
}
await browser.close()
await demo.close()
