import { decodePem, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { explain as explainRules } from '@peerkit/rules'
import type { Explanation, RuleAuthority } from '@peerkit/rules'
import { MTLS_ERR_DEV_CA_OPTION } from '../errors.ts'
import { readFile } from 'node:fs/promises'
import { checkAuthorityName } from './authorities/authority-entry.ts'
import { describeFileError } from './certificate-file.ts'
import { textOf } from './command.ts'
import type { Command, Values } from './command.ts'
import { describeExplained, describeExplainedAsData } from './describe-explained.ts'
import { askVoucher } from './voucher.ts'
import type { Voucher } from './voucher.ts'
import { shownJson } from './shown.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'say what rules make of a certificate, and why',
  options: {
    cert: { type: 'string', help: 'the certificate, PEM; its chain may follow', required: true },
    rules: { type: 'string', help: 'JSON: an array of rules, or { "rules": […], "clients": {…} }', required: true },
    authorities: {
      type: 'string',
      help: 'JSON of named authorities: says who vouches for the certificate, by its chain, and for what of it'
    },
    authority: { type: 'string', help: 'name of the authority that vouches for it, taken as true (default unknown)' },
    purpose: { type: 'string', help: 'with --authorities: client (default), server or any' },
    json: { type: 'boolean', help: 'the whole explanation as JSON' }
  },
