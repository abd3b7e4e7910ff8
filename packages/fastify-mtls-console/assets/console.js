// Updates a page: requests it again and replaces the regions that changed. The server authorizes each request again, so
// a reader who is no longer allowed sees no more. Only markup from the server is used; no data becomes markup here.
// Shows the times in the reader's zone, which the server does not know.
const { document, fetch, location, localStorage, DOMParser, Intl, trustedTypes } = globalThis

const INTERVAL = 5000
const button = document.getElementById('live')
const status = document.getElementById('live-status')

// The parsed document is inert: its scripts do not run. Only regions that exist on the page are replaced.
const rules = { createHTML: (text) => text }
const policy = trustedTypes?.createPolicy('peerkit-console', rules) ?? rules

let timer
let asking

function say (text) {
  if (status.textContent !== text) status.textContent = text
}

/** Replaces a region and keeps its open details. A region with the focus is left unchanged. */
function takeOver (region, next) {
  if (region.contains(document.activeElement) && document.activeElement !== document.body) return
  const open = [...region.querySelectorAll('details[open][id]')].map(({ id }) => id)
  for (const id of open) next.querySelector(`#${globalThis.CSS.escape(id)}`)?.setAttribute('open', '')
  showZone(next)
  if (region.innerHTML === next.innerHTML) return
  const scroller = region.querySelector('.scroll')
  const { scrollLeft = 0, scrollTop = 0 } = scroller ?? {}
  region.replaceChildren(...document.importNode(next, true).childNodes)
  region.querySelector('.scroll')?.scrollTo(scrollLeft, scrollTop)
}

async function refresh () {
  asking = new globalThis.AbortController()
  try {
    const response = await fetch(location.href, {
      signal: asking.signal,
      credentials: 'same-origin',
      redirect: 'error',
      headers: { accept: 'text/html' }
    })
    if (response.status === 401 || response.status === 403) {
      stop('Your certificate may no longer read the console.')
      return
    }
    if (!response.ok) throw new Error(String(response.status))
    const page = new DOMParser().parseFromString(policy.createHTML(await response.text()), 'text/html')
    for (const region of document.querySelectorAll('[data-live]')) {
      const next = page.getElementById(region.id)
      if (next !== null) takeOver(region, next)
    }
    say('')
  } catch (error) {
    if (error.name !== 'AbortError') say('The service does not answer. Retrying.')
  }
  if (button.getAttribute('aria-pressed') === 'true') timer = setTimeout(look, INTERVAL)
}

/** A hidden page is not updated. */
function look () {
  if (document.visibilityState === 'visible') refresh()
  else timer = setTimeout(look, INTERVAL)
}

function stop (reason) {
  clearTimeout(timer)
  asking?.abort()
  button.setAttribute('aria-pressed', 'false')
  say(reason)
}

if (button !== null) {
  button.hidden = false
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-pressed') === 'true') {
      stop('')
      return
    }
    button.setAttribute('aria-pressed', 'true')
    look()
  })
  timer = setTimeout(look, INTERVAL)
}

const ZONE_KEY = 'peerkit-console-zone'
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
const zoneButton = document.getElementById('zone')
const zoneName = document.getElementById('zone-name')
const parts = new Intl.DateTimeFormat('en-GB', {
  dateStyle: undefined, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23'
})
let isLocal = recall()

/** A browser may forbid storage. */
function recall () {
  try {
    return localStorage.getItem(ZONE_KEY) === 'local'
  } catch {
    return false
  }
}

function remember () {
  try {
    localStorage.setItem(ZONE_KEY, isLocal ? 'local' : 'utc')
  } catch {}
}

/** `2026-11-23 03:12:07`, as the server writes times. */
function writeTime (date) {
  const { year, month, day, hour, minute, second } = Object.fromEntries(parts.formatToParts(date).map(({ type, value }) => [type, value]))
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`
}

/** Writes every moment below an element in the zone that was chosen. Days, which have no time, stay. */
function showZone (root) {
  for (const element of root.querySelectorAll('time[datetime*="T"]')) {
    const { dateTime } = element
    const text = isLocal ? writeTime(new Date(dateTime)) : dateTime.slice(0, 19).replace('T', ' ')
    if (element.textContent !== text) element.textContent = text
  }
}

/** The server reads the fields of a filter as UTC. */
function toUtc (text) {
  const date = new Date(text)
  return text === '' || Number.isNaN(date.getTime()) ? text : date.toISOString().slice(0, 16)
}

function toLocal (text) {
  const date = new Date(`${text}Z`)
  return text === '' || Number.isNaN(date.getTime()) ? text : writeTime(date).slice(0, 16).replace(' ', 'T')
}

function showFields (convert) {
  for (const field of document.querySelectorAll('input[type="datetime-local"]')) {
    field.value = convert(field.value)
    const label = field.labels[0]
    label.textContent = label.textContent.replace(/\(.*\)/, isLocal ? `(${zone})` : '(UTC)')
  }
}

function applyZone () {
  showZone(document)
  zoneName.textContent = isLocal ? `Times are those of ${zone}.` : 'All times are UTC.'
  zoneButton.textContent = isLocal ? 'Show them in UTC' : 'Show them in my time zone'
}

zoneButton.hidden = false
zoneButton.addEventListener('click', () => {
  isLocal = !isLocal
  remember()
  applyZone()
  showFields(isLocal ? toLocal : toUtc)
})
for (const form of document.forms) {
  form.addEventListener('formdata', ({ formData }) => {
    for (const name of ['from', 'to']) if (isLocal && formData.has(name)) formData.set(name, toUtc(formData.get(name)))
  })
}
if (isLocal) {
  applyZone()
  showFields(toLocal)
}
