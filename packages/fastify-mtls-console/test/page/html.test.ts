import { test } from 'tap'
import { explainConnection } from '../../src/collect/draft-events.ts'
import { Html, escapeHtml, html } from '../../src/page/html.ts'
import { certificateEndBadge, endBadge } from '../../src/page/parts.ts'
import { formatSpan, formatTime, showTime, toneOfEnd } from '../../src/page/time.ts'
import { makeVisible } from '../../src/page/html.ts'

test('what is put into a template is text, unless it came out of one', (t) => {
  const markup = html`<p title="${'"\'&'}">${'<b>'}${html`<i>${'&'}</i>`}</p>`
  t.equal(String(markup), '<p title="&quot;&#39;&amp;">&lt;b&gt;<i>&amp;</i></p>')
  t.equal(String(html`${[1, 'two', [html`<br>`, undefined]]}${null}${undefined}${false}${0}`), '1two<br>0')
  t.equal(String(html`${{ toString: () => '<b>' } as never}`), '&lt;b&gt;')
  const forged = Object.create(Html.prototype)
  t.throws(() => html`${forged}`, TypeError, 'what only looks like markup is none')
  t.end()
})

test('no character can be overlooked', (t) => {
  const hidden = 'a\0b\u0085c\u2028d\u061ce\u{e0041}f\u3164\nü😀'
  t.equal(makeVisible(hidden), 'a⟨U+0000⟩b⟨U+0085⟩c⟨U+2028⟩d⟨U+061C⟩e⟨U+E0041⟩f⟨U+3164⟩⟨U+000A⟩ü😀')
  t.equal(escapeHtml('\ud800'), '\ufffd')
  t.end()
})

test('times are in UTC, with the distance in a unit that says enough', (t) => {
  const now = Date.parse('2026-11-23T03:12:07Z')
  t.equal(formatTime(now), '2026-11-23 03:12:07')
  t.equal(formatTime(Infinity), 'unknown')
  const spans = [1999, 2000, 119_999, 120_000, 7_200_000, 47 * 3_600_000, 48 * 3_600_000]
  t.strictSame(spans.map(formatSpan), [
    'a moment', '2 seconds', '119 seconds', '2 minutes', '2 hours', '47 hours', '2 days'
  ])
  t.match(String(showTime(now + 3_600_000 * 3, now)), 'in 3 hours')
  t.match(String(showTime(now - 3_600_000 * 3, now)), '3 hours ago')
  t.match(String(showTime(now + 1, now)), '>now<')
  t.match(String(showTime(undefined, now)), 'unknown')
  t.match(String(showTime(NaN, now)), 'unknown')
  const ends = [now - 1, now + 7 * 86_400_000, now + 8 * 86_400_000, now + 31 * 86_400_000]
  t.strictSame(ends.map((end) => toneOfEnd(end, now)), ['bad', 'bad', 'warn', 'good'])
  t.end()
})

test('a certificate ends with the second that it names', (t) => {
  const now = Date.parse('2026-11-23T03:12:07Z')
  t.match(String(certificateEndBadge(now, now + 999)), 'within a week')
  t.match(String(certificateEndBadge(now, now + 1_000)), 'expired')
  t.equal(certificateEndBadge(undefined, now), undefined)
  t.equal(endBadge(now + 31 * 86_400_000, now), undefined)
  t.end()
})

test('a refusal is explained by its detail where it has one', (t) => {
  t.match(explainConnection('expired', undefined, undefined), /ended|expired/)
  const message = `CN=x was valid until 2026 ${'x'.repeat(9_000)}`
  const text = explainConnection('expired', undefined, { step: 'expired', message, certificate: undefined })
  t.match(text, /^CN=x was valid until 2026 x+…\. Renew /)
  t.ok(text.length < 1_000)
  t.end()
})
