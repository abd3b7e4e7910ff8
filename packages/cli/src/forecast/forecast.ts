import { bundledRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'
import type { Command } from './command.ts'
import { describeForecasts } from './forecast/describe-forecasts.ts'
import { forecastsAsData } from './forecast/forecast-data.ts'
import { findForecasts } from './forecast/forecast-question.ts'
import { shownJson } from './shown.ts'

export const forecast: Command = forecastBy(bundledRoots)

/** @param roots the public roots */
export function forecastBy (roots: () => PublicRoots): Command {
  return {
    name: 'forecast',
    summary: 'list certificates of public CAs that lose clientAuth, and what to do',
    options: {
      cert: {
        type: 'string', multiple: true, help: 'certificate of a client or server, followed by its chain (any number)'
      },
      ca: { type: 'string', multiple: true, help: 'CAs that vouch for clients, PEM or DER (any number)' },
      audit: { type: 'string', multiple: true, help: 'audit log of @peerkit/mtls-monitor, JSON lines (any number)' },
      url: { type: 'string', multiple: true, help: 'server to check: https://host[:port] or host:port (any number)' },
      use: {
        type: 'string',
        help: 'use of --cert and --url: client or server (default: unknown, and server for --url)',
        values: ['client', 'server']
      },
      within: { type: 'string', help: 'report what loses clientAuth within this time (default 90d)' },
      at: { type: 'string', help: 'start of the forecast, such as 2026-01-31T12:00:00Z (default now)' },
      timeout: { type: 'string', help: 'timeout of each connection of --url (default 10s)' },
      json: { type: 'boolean', help: 'the forecast as JSON' }
    },
    notes: [
      'Public CAs stop issuing certificates with clientAuth. Old ones work until they expire or are renewed.',
      'A CA is public if its signatures lead to a root that Node includes, or by the name of the issuer.',
      'A renewal is expected when a third of the lifetime is left.', '',
      'Exit code: 0 nothing to do; 1 something loses clientAuth within the time, or a client has none already;',
      '2 a wrong command line or file, or a server could not be read (the rest is listed).', '',
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
