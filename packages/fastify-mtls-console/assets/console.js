// Keeps a page up to date: asks for it again, and takes over what changed. Each time the server judges anew who asks, so whoever may no longer read the console sees no more. Works on what the server has
// rendered; nothing here makes markup of data.
const { document, fetch, location, DOMParser, trustedTypes } = globalThis

const INTERVAL = 5000
const button = document.getElementById('live')
const status = document.getElementById('live-status')

// The parsed document is inert: scripts in it do not run, and only nodes of regions that are there already are taken.
const policy = trustedTypes?.createPolicy('peerkit-console', { createHTML: (text) => text }) ?? { createHTML: (text) => text }

let timer
let asking

function say (text) {
  if (status.textContent !== text) status.textContent = text
}

/** Takes a region over, keeps its open details open, and leaves one alone that is being used. */
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
    const response = await fetch(location.href, { signal: asking.signal, credentials: 'same-origin', redirect: 'error', headers: { accept: 'text/html' } })
    if (response.status === 401 || response.status === 403) {
      stop('This certificate may no longer read the console.')
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
    if (error.name !== 'AbortError') say('The service does not answer. Trying again.')
  }
  if (button.getAttribute('aria-pressed') === 'true') timer = setTimeout(look, INTERVAL)
}

/** Nobody looks at a hidden page. */
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
