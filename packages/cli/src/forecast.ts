import { bundledRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'
import type { Command } from './command.ts'
import { describeForecasts } from './forecast/describe-forecasts.ts'
import { forecastsAsData } from './forecast/forecast-data.ts'
import { findForecasts } from './forecast/forecast-question.ts'
import { shownJson } from './shown.ts'

export const forecast: Command = forecastBy(bundledRoots)

/** @param roots what counts as a public root */
export function forecastBy (roots: () => PublicRoots): Command {
  return {
    name: 'forecast',
    summary: 'list which certificates of public CAs lose clientAuth when, and what to do',
    options: {
      cert: {
        type: 'string', multiple: true, help: 'certificate of a client or server, its chain below it (any number)'
      },
      ca: { type: 'string', multiple: true, help: 'CAs that vouch for clients, PEM or DER (any number)' },
      audit: { type: 'string', multiple: true, help: 'audit log of @peerkit/mtls-monitor, JSON lines (any number)' },
      url: { type: 'string', multiple: true, help: 'server to look at: https://host[:port] or host:port (any number)' },
      use: {
        type: 'string', help: 'what --cert and --url are: client or server (default either, and server for --url)'
      },
      within: { type: 'string', help: 'what loses clientAuth within that time needs action (default 90d)' },
      at: { type: 'string', help: 'moment to forecast from, such as 2026-01-31T12:00:00Z (default now)' },
      timeout: { type: 'string', help: 'for each connection of --url (default 10s)' },
      json: { type: 'boolean', help: 'the forecast as JSON' }
    },
    notes: [
      'Public CAs stop issuing certificates for clients (clientAuth). Old ones work until they end or are renewed.',
      'A CA counts as public if signatures lead to a root that Node comes with, or by its issuer\'s name.',
      'A renewal is expected with a third of the time left.', '',
      'Exit code: 0 nothing to do; 1 something loses clientAuth within that time, or a client lacks it already;',
      '2 a wrong command line or file, or a server could not be read (the rest is listed nevertheless).', '',
      '  peerkit forecast --cert client.pem --use client --ca clients-ca.pem --audit audit.jsonl'
    ],
    run: async (values, print) => {
      const forecasts = await findForecasts(values, roots)
      print(values['json'] === true ? shownJson(forecastsAsData(forecasts)) : describeForecasts(forecasts))
      if (forecasts.unreadable.length > 0) return 2
      return forecasts.rows.some(({ needsAction }) => needsAction) ? 1 : 0
    }
  }
}
