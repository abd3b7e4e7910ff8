import { test } from 'tap'
import { MTLS_ERR_PEM_INVALID, decodePem, encodePem } from '@peerkit/identity'

const BLOCK = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'
const DER = Uint8Array.of(0x30, 0)

function reasonOf (text: string | Uint8Array, label?: string): string {
  try {
    decodePem(text, label)
  } catch (error) {
    if (error instanceof MTLS_ERR_PEM_INVALID) return (error as unknown as { reason: string }).reason
    throw error
  }
  return 'accepted'
}

test('gives every block of the label, in order, and skips text and blocks of other labels', async (t) => {
  const text =
    `subject=CN = x\n${BLOCK}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n# ` +
      `next\n${BLOCK.replace('MAA=', 'MQA=')}`
  t.same(decodePem(text), [DER, Uint8Array.of(0x31, 0)])
  t.same(decodePem(text, 'PRIVATE KEY'), [Uint8Array.of(0, 0, 0)])
})

test('takes bytes, CRLF, spaces for newlines, a missing last newline and blocks without one ' +
  'between them', async (t) => {
  for (const text of [
    Buffer.from(BLOCK), BLOCK.replaceAll('\n', '\r\n'), BLOCK.replaceAll('\n', ' '), BLOCK.trimEnd(), `  ${BLOCK}`
  ]) t.same(decodePem(text), [DER])
  t.same(decodePem(BLOCK.trimEnd() + BLOCK), [DER, DER])
  t.same(decodePem((BLOCK + BLOCK).replaceAll('\n', ' ')), [DER, DER])
})

test('does not share memory between blocks or with pooled buffers', async (t) => {
  const [first] = decodePem(BLOCK)
  t.equal(first?.buffer.byteLength, 2)
})

test('refuses a text without a block of the label', async (t) => {
  for (const text of [
    '', 'MAA=', '-----BEGIN X509 CERTIFICATE-----\nMAA=\n-----END X509 CERTIFICATE-----',
    '-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n-----END TRUSTED CERTIFICATE-----'
  ]) {
    t.equal(reasonOf(text), 'no_block')
  }
})

test('refuses a damaged block, also beside good ones', async (t) => {
  t.equal(reasonOf(`${BLOCK}-----BEGIN CERTIFICATE-----\nMAA=\n`), 'block_unterminated')
  t.equal(reasonOf(`-----BEGIN CERTIFICATE-----\nMAA=\n${BLOCK}`), 'block_unterminated')
  t.equal(reasonOf('-----BEGIN CERTIFICATE-----\nMAA=\n-----END PRIVATE KEY-----\n'), 'block_unterminated')
  t.equal(reasonOf(`${BLOCK}-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n`), 'block_empty')
  t.equal(reasonOf(`# ${BLOCK}`), 'boundary_misplaced')
  t.equal(reasonOf(`${BLOCK.trimEnd()} and ${BLOCK}`), 'boundary_misplaced')
})

test('refuses base64 that is not canonical', async (t) => {
  for (const body of [
    'MAA', 'MAB=', 'MA=A', 'MA A=?', 'M', 'MAA==', 'Proc-Type: 4,ENCRYPTED\n\nMAA=', 'MA_=', '=', 'MAA=\nMAA='
  ]) {
    t.equal(reasonOf(BLOCK.replace('MAA=', body)), 'base64_invalid', body)
  }
})

test('refuses labels and inputs that cannot be', async (t) => {
  t.equal(reasonOf(BLOCK, 'certificate'), 'label_invalid')
  t.equal(reasonOf(BLOCK, ''), 'label_invalid')
  t.equal(reasonOf(5 as never), 'not_text')
  t.throws(() => encodePem(DER, 'a-b'), { code: 'MTLS_ERR_PEM_INVALID' })
})

test('writes what it reads, in lines of 64', async (t) => {
  const der = Uint8Array.from({ length: 100 }, (_, index) => index)
  const text = encodePem(der)
  t.same(decodePem(text), [der])
  t.ok(text.split('\n').every((line) => line.length <= 64))
  t.equal(encodePem(DER), BLOCK)
})

test('reads a file of many blocks in linear time', async (t) => {
  t.equal(decodePem(BLOCK.repeat(20_000)).length, 20_000)
  t.equal(reasonOf('-----BEGIN '.repeat(200_000)), 'no_block')
})
