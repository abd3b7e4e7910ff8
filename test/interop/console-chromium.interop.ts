// The console in a real Chromium that presents a client certificate.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { BrowserContext, Page } from 'playwright-core'
import { startDemo } from '@peerkit/example-console'
import { canIsolate, openChromium } from './chromium/open-chromium.ts'
import { CONSOLE_PICTURES, MAX_BYTES, SCHEMES, pictureFile } from '../docs/console-pictures.ts'
import { findFaults } from './chromium/find-faults.ts'
import { runAxe } from './chromium/run-axe.ts'
import { requireTool } from './require-tool.ts'

const tools = { chromium: requireTool('chromium'), certutil: requireTool('certutil'), pk12util: requireTool('pk12util'), openssl: requireTool('openssl') }
// Of the browser.
declare const getComputedStyle: any

const demo = await startDemo()
const { accounts: { origin }, cast, folder } = demo
const paths = ['/', '/access', '/what-if', '/clients', '/calls', '/log', '/trust', '/timeline', '/expiry', '/forecast']
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

test('pictures of the pages are small enough for the README', async (t) => {
  for (const picture of CONSOLE_PICTURES) {
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width: picture.width, height: picture.height })
      await open(picture.path)
      const png = await page.screenshot({ animations: 'disabled' })
      t.ok(png.length < MAX_BYTES, `${picture.name}, ${colorScheme}: ${png.length} bytes`)
      // Only `npm run pictures` writes them: the times differ at each run.
      if (process.env['PEERKIT_PICTURES'] === '1') writeFileSync(pictureFile(picture, colorScheme), png)
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 800 })
})

test('styles and script run though nothing else may', async (t) => {
  await open('/')
  t.equal(await page.locator('.tile').first().evaluate((tile: any) => getComputedStyle(tile).borderRadius), '12px')
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
        // Of the dark pages only the colors differ, and these are the same in every width.
        if (colorScheme === 'light') t.strictSame(await runAxe(page, 'everything'), [], `axe-core: ${path}`)
        else if (width === 1280) t.strictSame(await runAxe(page, 'contrast'), [], `axe-core, contrast: ${path}`)
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
  t.strictSame(await table.getByRole('columnheader').allTextContents(), ['Client', 'Seen', 'CA', 'Expires', 'Requests', 'Last denial'])
  t.ok(await table.getByRole('rowheader', { name: /legacy-batch/ }).isVisible())
  t.equal(await page.evaluate('getComputedStyle(document.getElementById("live"), "::before").animationName'), 'none')
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  t.equal(await page.evaluate('getComputedStyle(document.getElementById("live"), "::before").animationName'), 'breathe')
})

test('a page is short on a phone: a row takes no more than it needs', async (t) => {
  await page.setViewportSize({ width: 360, height: 740 })
  for (const [path, rows, most] of [['/log', '#events tbody tr', 140], ['/clients', '#clients tbody tr', 215], ['/access', '#routes tbody tr', 150], ['/timeline', '.change', 260]] as const) {
    await open(path)
    const heights = await page.locator(rows).evaluateAll((all: any[]) => all.map((row) => row.getBoundingClientRect().height)) as number[]
    const average = heights.reduce((sum, height) => sum + height, 0) / heights.length
    t.ok(average <= most, `${path}: ${Math.round(average)} pixels on average, at most ${most}`)
  }
  await open('/log')
  const row = page.locator('#events tbody tr', { hasText: 'stranger' }).first()
  const hint = row.locator('.hint')
  t.ok(await hint.evaluate((text: any) => text.scrollHeight > text.clientHeight), 'a long explanation is cut')
  await row.locator('summary').click()
  t.notOk(await hint.evaluate((text: any) => text.scrollHeight > text.clientHeight), 'and whole with its details')
})

test('at the width of a phone no name of the service or of the instance breaks in a word', async (t) => {
  await page.setViewportSize({ width: 390, height: 760 })
  await open('/log')
  // A word that is broken has a box on each of two lines.
  const lines = await page.locator('.brand .faint').evaluate((name: any) => {
    const range = name.ownerDocument.createRange()
    range.selectNodeContents(name)
    return new Set([...range.getClientRects()].map(({ top }: any) => top)).size
  })
  t.equal(lines, 1, 'accounts-1 is on one line')
  const who = await page.locator('#events tbody tr', { hasText: 'no_identity' }).first().textContent()
  t.match(who, /no certificate,\s+from 127\.0\.0\.1/)
})

test('a word says what it means, by the keyboard alone and without scripts', async (t) => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.route('**/console.js', async (route) => { await route.abort() })
  await open('/trust')
  t.notOk(await page.getByRole('button', { name: 'Live' }).isVisible(), 'no script runs')
  t.notOk(await page.locator('#zone').isVisible())
  const word = page.getByRole('button', { name: 'Trust epoch' })
  const meaning = page.getByText('Counts the changes of the trusted CAs')
  t.notOk(await meaning.isVisible())
  await word.focus()
  await page.keyboard.press('Enter')
  t.ok(await meaning.isVisible())
  const [shown, place] = [await meaning.boundingBox(), await word.boundingBox()]
  t.ok(shown !== null && place !== null && Math.abs(shown.y - place.y) < 120, 'beside the word')
  await page.keyboard.press('Escape')
  t.notOk(await meaning.isVisible())
  await open('/timeline')
  await page.getByLabel('What').selectOption('CRLs')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.waitForURL(/change=crl/)
  t.equal(await page.locator('.change').count(), 2)
  await page.unroute('**/console.js')
  errors.length = 0
})

test('the graph is read and followed by the keyboard, on a wide screen and on a phone', async (t) => {
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 })
    await open('/calls')
    t.equal(await page.getByRole('group', { name: 'Who calls whom' }).count(), 1, 'the other drawing is hidden')
    const node = page.getByRole('group', { name: 'Who calls whom' }).getByRole('link', { name: /legacy-batch/ })
    t.match(await node.textContent(), 'its CA was removed')
    // The focus of a keyboard is shown.
    await node.focus()
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Tab')
    t.equal(await node.locator('rect').evaluate((rect: any) => getComputedStyle(rect).strokeWidth), '4px')
    await page.keyboard.press('Enter')
    await page.waitForURL(/clients\?client=/)
    t.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'legacy-batch')
  }
})

test('a day of the calendar leads to what expires on it', async (t) => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await open('/expiry')
  const day = page.locator('.month a').first()
  await day.focus()
  await page.keyboard.press('Enter')
  t.match(page.url(), /#day-20\d\d-\d\d-\d\d$/)
  t.match(await page.locator('tr:has(:target)').textContent(), /reports/)
})

test('times are in the zone of the reader if it is wanted, also in what comes later and in the filter', async (t) => {
  const session = await browser.newCDPSession(page)
  await session.send('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Kolkata' })
  await open('/log')
  const time = page.locator('#events time').first()
  const utc = await time.textContent()
  t.equal(utc, (await time.getAttribute('datetime'))?.slice(0, 19).replace('T', ' '))
  await page.getByRole('button', { name: 'Show them in my time zone' }).click()
  const inZone = (text: string | null): string => new Date(Date.parse(`${String(text).replace(' ', 'T')}Z`) + 19_800_000).toISOString().slice(0, 19).replace('T', ' ')
  t.equal(await time.textContent(), inZone(utc))
  t.match(await page.locator('footer').textContent(), 'Times are those of Asia/Calcutta')
  await open('/log')
  t.equal(await time.textContent(), inZone(utc), 'the next page too')
  const minute = inZone(utc).slice(0, 16).replace(' ', 'T')
  await page.getByLabel(/^From/).fill(minute)
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.waitForURL(/from=/)
  t.equal(new URL(page.url()).searchParams.get('from'), utc?.slice(0, 16).replace(' ', 'T'), 'the server is asked in UTC')
  t.equal(await page.getByLabel(/^From/).inputValue(), minute)
  t.ok(await page.locator('#events tbody tr').count() > 0)
  await page.getByRole('button', { name: 'Show them in UTC' }).click()
  t.match(await page.locator('footer').textContent(), 'All times are UTC')
  t.equal(await page.getByLabel(/^From/).inputValue(), utc?.slice(0, 16).replace(' ', 'T'))
  await session.send('Emulation.setTimezoneOverride', { timezoneId: '' })
})

test('a table is saved as a file, and what is not there is a page', async (t) => {
  await open('/clients')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Table as CSV' }).click()])
  t.equal(download.suggestedFilename(), 'clients.csv')
  t.match(readFileSync(await download.path(), 'utf8'), /^\ufeff"name","subject",[^]*\r\n"gateway\.partner\.example"/)
  t.equal(await open('/nowhere'), 404)
  t.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'This page is not there')
  t.strictSame(await runAxe(page, 'everything'), [])
  await page.getByRole('main').getByRole('link', { name: 'Timeline' }).click()
  t.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Timeline of trust')
  errors.length = 0
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
  t.equal(await page.locator('img, svg:not(.graph), iframe').count(), 0)
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

test('the log says that the CA of a client was removed', async (t) => {
  await open('/log?q=legacy-batch&kind=handshake')
  t.match(await page.locator('#events .hint').first().textContent(), /Its CA, Demo CA 2021, of authority internal, was removed at 20/)
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
