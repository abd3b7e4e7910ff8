// The console in a real Chromium that presents a client certificate.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { BrowserContext, Page } from 'playwright-core'
import { startDemo } from '@peerkit/example-console'
import { canIsolate, openChromium } from './chromium/open-chromium.ts'
import { findFaults } from './chromium/find-faults.ts'
import { requireTool } from './require-tool.ts'

const tools = { chromium: requireTool('chromium'), certutil: requireTool('certutil'), pk12util: requireTool('pk12util'), openssl: requireTool('openssl') }
const demo = await startDemo()
const { accounts: { origin }, cast, folder } = demo
const paths = ['/', '/access', '/what-if', '/clients', '/log', '/trust', '/forecast', '/outbound']
const ca = join(folder, 'ca.pem')
const errors: string[] = []

function watch (context: BrowserContext): void {
  context.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()) })
  context.on('weberror', (error) => { errors.push(error.error().message) })
  context.on('dialog', (dialog) => {
    errors.push(`dialog ${dialog.message()}`)
    dialog.dismiss().catch(() => {})
  })
}

const browser = await openChromium(tools, { origin, ca, cert: join(folder, 'operator.pem'), key: join(folder, 'operator-key.pem') })
watch(browser)
const page: Page = browser.pages()[0] ?? await browser.newPage()
const open = async (path: string): Promise<number | undefined> => (await page.goto(`${origin}/console${path}`))?.status()

test('the operator reads every page, and the browser has nothing to complain of', async (t) => {
  t.comment(canIsolate ? 'Chromium\'s own TLS presents the certificate of its own store' : 'Playwright presents the certificate in Chromium\'s place')
  for (const path of paths) {
    t.equal(await open(path), 200, path)
    t.match(await page.title(), / · spiffe:\/\/demo\.example\/ns\/bank\/sa\/accounts$/)
  }
  t.strictSame(errors, [])
})

test('styles and script run though nothing else may', async (t) => {
  await open('/')
  t.not(await page.locator('.tile').first().evaluate('(tile) => getComputedStyle(tile).borderRadius'), '0px')
  t.equal(await page.getByRole('button', { name: 'Live' }).getAttribute('aria-pressed'), 'true')
  const injected = await page.evaluate(`(async () => {
    const blocked = []
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => { blocked.push(effectiveDirective) })
    const script = document.createElement('script')
    try { script.textContent = 'globalThis.injected = true' } catch { blocked.push('trusted type') }
    document.body.append(script)
    try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="globalThis.injected = true">') } catch { blocked.push('trusted type') }
    const image = new Image()
    image.src = 'https://elsewhere.example/x.png'
    await new Promise((resolve) => { image.onerror = resolve })
    const refused = new Promise((resolve) => { document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => { if (effectiveDirective === 'connect-src') resolve() }) })
    await fetch('https://elsewhere.example/').catch(() => {})
    await refused
    return { ran: globalThis.injected === true, blocked }
  })()`) as { readonly ran: boolean, readonly blocked: string[] }
  t.equal(injected.ran, false)
  for (const directive of ['trusted type', 'img-src', 'connect-src']) t.ok(injected.blocked.includes(directive), `${directive} of ${injected.blocked.join(', ')}`)
  errors.length = 0
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test(`no page is a hindrance: ${colorScheme}, ${width} pixels wide`, async (t) => {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      for (const path of paths) {
        await open(path)
        await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true')
        t.strictSame(await page.evaluate(findFaults), [], path)
      }
    })
  }
}

test('the check of the pages finds what it is for', async (t) => {
  await open('/log')
  await page.evaluate(`{
    const add = (name, attributes, text = '') => { const element = Object.assign(document.createElement(name), attributes); element.textContent = text; document.querySelector('main').append(element) }
    add('input', {})
    add('h4', {}, 'too deep')
    add('button', {})
    add('p', { style: 'color: #999; background: #fff' }, 'pale')
    add('p', { id: 'main' }, 'twice')
    add('table', {}, 'x')
    document.querySelector('main').lastChild.previousSibling.previousSibling.style.cssText = 'color: #999; background: #fff; width: 5000px'
  }`)
  const found = (await page.evaluate(findFaults)).join('\n')
  for (const fault of ['no label', 'no name', 'a level is skipped', 'id main twice', 'contrast', 'no caption', 'pixels too wide']) t.match(found, fault)
})

test('a keyboard is enough: skip link, focus that can be seen, a filter by Enter', async (t) => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await open('/access')
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to content')
  t.ok(await page.evaluate('document.activeElement.getBoundingClientRect().top >= 0'), 'the skip link is to be seen')
  await page.keyboard.press('Enter')
  t.equal(await page.evaluate('document.activeElement.id'), 'main')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none')
  t.equal(await page.evaluate('document.activeElement.id'), 'q')
  await page.keyboard.type('DELETE /accounts')
  await page.keyboard.press('Enter')
  await page.waitForURL(/q=DELETE/)
  t.equal(await page.getByRole('table', { name: 'Routes and the rules in force' }).getByRole('row').count(), 2, 'a head and one route')
})

test('a screen reader hears tables on a phone too, and no motion where none is wanted', async (t) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await open('/clients')
  const table = page.getByRole('table', { name: /^Verified clients/ })
  t.strictSame(await table.getByRole('columnheader').allTextContents(), ['Client', 'CA', 'Certificate expires', 'Seen', 'Requests', 'Last denial'])
  t.ok(await table.getByRole('rowheader', { name: /legacy-batch/ }).isVisible())
  t.equal(await page.evaluate('getComputedStyle(document.getElementById("live"), "::before").animationName'), 'none')
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  t.equal(await page.evaluate('getComputedStyle(document.getElementById("live"), "::before").animationName'), 'breathe')
})

test('what happens while a page is open appears on it, and open details stay open', async (t) => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await open('/log')
  const before = await page.locator('#events tbody tr').count()
  const detail = page.locator('#events details').last()
  await detail.locator('summary').click()
  // What is being used is left alone: the focus goes elsewhere.
  await page.locator('#main').focus()
  const hostile = await cast.ca.issue({ profile: 'client', cn: '<img src=x onerror=alert(1)>', ou: '</td><script>alert(1)</script>', uri: 'https://x.example/"><svg onload=alert(1)>', checkNames: false })
  await demo.callAs(hostile, 'DELETE', '/accounts/1')
  await page.locator('#events tbody tr', { hasText: 'onerror=alert(1)' }).first().waitFor()
  t.ok(await page.locator('#events tbody tr').count() > before)
  t.equal(await page.locator('#events details[open]').count(), 1)
  for (const path of paths) await open(path)
  t.equal(await page.locator('img, svg, iframe').count(), 0)
  t.strictSame(errors, [], 'no script of a certificate ran')
})

test('a certificate is pasted and judged, a private key is refused and gone', async (t) => {
  await open('/what-if')
  const area = page.getByLabel('Certificate (PEM), followed by its intermediates')
  await area.fill(cast.legacy.cert)
  await page.getByRole('button', { name: 'Check' }).click()
  t.match(await page.getByRole('main').textContent(), /CN=legacy-batch[\s\S]*The handshake would refuse it, whatever the routes say[\s\S]*has no path to a trust anchor: its issuer CN=Demo CA 2021/)
  t.match(await page.getByRole('row', { name: /GET, HEAD \/accounts allowed/ }).count(), 1)
  t.equal(await page.getByLabel('Certificate (PEM), followed by its intermediates').inputValue(), '')
  await page.getByLabel('Certificate (PEM), followed by its intermediates').fill(cast.operator.key)
  await page.getByRole('button', { name: 'Check' }).click()
  t.match(await page.getByRole('alert').textContent(), /it has a private key/)
  const secret = cast.operator.key.split('\n')[1] ?? 'nothing'
  t.notMatch(await page.content(), secret)
  // Chromium says of the answer 400 that it failed to load.
  errors.length = 0
})

test('another site can neither frame the console nor ask in the operator\'s name', async (t) => {
  const other = await browser.newPage()
  await other.route('https://elsewhere.example/**', async (route) => {
    await route.fulfill({ contentType: 'text/html', body: `<iframe src="${origin}/console/"></iframe><form method="post" action="${origin}/console/what-if"><input name="certificate" value="x"></form>` })
  })
  await other.goto('https://elsewhere.example/')
  t.equal(await other.frameLocator('iframe').locator('.brand').count(), 0)
  t.equal(await other.evaluate(`fetch(${JSON.stringify(`${origin}/console/data.json`)}, { credentials: 'include' }).then(() => 'read', () => 'refused')`), 'refused')
  const [response] = await Promise.all([other.waitForResponse(/what-if/), other.evaluate('document.forms[0].submit()')])
  t.equal(response.status(), 403)
  await other.close()
  errors.length = 0
})

test('a page that is open when its reader loses the right says so, and asks no more', async (t) => {
  await open('/')
  await page.route(/\/console\/$/, async (route) => { await route.fulfill({ status: 403, body: '{}' }) })
  await page.getByText('Your certificate may no longer read the console.').waitFor()
  t.equal(await page.getByRole('button', { name: 'Live' }).getAttribute('aria-pressed'), 'false')
  await page.unroute(/\/console\/$/)
  errors.length = 0
})

test('whoever is no operator sees nothing, with whatever certificate', async (t) => {
  await browser.close()
  writeFileSync(join(folder, 'billing.pem'), cast.billing.chain)
  writeFileSync(join(folder, 'billing-key.pem'), cast.billing.key, { mode: 0o600 })
  const billing = await openChromium(tools, { origin, ca, cert: join(folder, 'billing.pem'), key: join(folder, 'billing-key.pem') })
  const visit = await billing.newPage()
  const response = await visit.goto(`${origin}/console/`)
  t.equal(response?.status(), 403)
  t.notMatch(await response?.text(), /operators|rule/)
  await billing.close()
})

test('nothing is left running', async (t) => {
  await demo.close()
  t.pass('the services are closed')
})
