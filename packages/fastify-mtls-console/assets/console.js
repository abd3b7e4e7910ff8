// Updates a page: requests it again and replaces the regions that changed. The server authorizes each request again, so
// a reader who is no longer allowed sees no more. Only markup from the server is used; no data becomes markup here.
const { document, fetch, location, DOMParser, trustedTypes } = globalThis

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
