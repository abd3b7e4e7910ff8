import { test } from 'tap'
import { parseOrganizationIdentifier } from '../src/index.ts'

test('reads the parts of an organization identifier', async (t) => {
  const cases: readonly [string, readonly (string | undefined)[]][] = [
    ['PSDDE-BAFIN-123456', ['PSD', 'DE', undefined, 'BAFIN', '123456']],
    ['PSDES-BDE-3DFD21', ['PSD', 'ES', undefined, 'BDE', '3DFD21']],
    ['PSDFI-FINFSA-1234567-8', ['PSD', 'FI', undefined, 'FINFSA', '1234567-8']],
    ['PSDBE-NBB-1234.567.890', ['PSD', 'BE', undefined, 'NBB', '1234.567.890']],
    ['PSDMT-MFSA-A 12345', ['PSD', 'MT', undefined, 'MFSA', 'A 12345']],
    ['VATDE-123456789', ['VAT', 'DE', undefined, undefined, '123456789']],
    ['NTRGB-12345678', ['NTR', 'GB', undefined, undefined, '12345678']],
    ['NTRUS+CA-12345678', ['NTR', 'US', 'CA', undefined, '12345678']],
    ['LEIXG-AEYE00EKXESVZUUEBP67', ['LEI', 'XG', undefined, undefined, 'AEYE00EKXESVZUUEBP67']],
    ['EI:SE-200007292', ['EI:', 'SE', undefined, undefined, '200007292']],
    ['NTRDE-HRB-1-2', ['NTR', 'DE', undefined, undefined, 'HRB-1-2']]
  ]
  for (const [text, [type, country, state, authority, number]] of cases) {
    t.same(parseOrganizationIdentifier(text), { type, country, state, authority, number }, text)
  }
})

test('does not guess the parts of another text', async (t) => {
  for (const text of [
    '', 'PSD', 'PSDDE', 'PSDDE-', 'PSDDE-BAFIN', 'PSDDE-BAFIN-', 'PSDDE--123', 'psdde-bafin-1', 'PSDDE-BaFin-1',
    'PSDDE-TOOLONGNAME-1', 'PSDDE-A-1', 'PSDDE+BY-BAFIN-1', 'DE-BAFIN-1', 'VATDE', 'VATDE-', 'VATD-1', ' VATDE-1',
    'NTRUS+CALI-1', 'NTRUS+-1', 'ХSDDE-BAFIN-1'
  ]) t.equal(parseOrganizationIdentifier(text), undefined, text)
})
