import { test } from 'tap'
import { PemInvalidError, decodePem, encodePem } from '@peerkit/identity'

const BLOCK = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'
const DER = Uint8Array.of(0x30, 0)

function reasonOf (text: string | Uint8Array, label?: string): string {
  try {
    decodePem(text, label)
  } catch (error) {
    if (error instanceof PemInvalidError) return error.reason
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
  for (const text of ['', 'MAA=', '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----']) {
    t.equal(reasonOf(text), 'no_block')
  }
})

function messageOf (text: string | Uint8Array): string {
  try {
    decodePem(text)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

test('takes the former label of certificates', async (t) => {
  const former = BLOCK.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')
  t.same(decodePem(former), [DER])
  t.same(decodePem(BLOCK + former + BLOCK), [DER, DER, DER])
})

test('never skips a block that holds a certificate, or stands for one', async (t) => {
  for (const [label, hint] of [
    ['TRUSTED CERTIFICATE', /"TRUSTED CERTIFICATE": .*openssl x509/], ['PKCS7', /"PKCS7": .*openssl pkcs7/],
    ['CMS', /"CMS"/], ['PKCS #7 SIGNED DATA', /"PKCS #7 SIGNED DATA"/], ['CERTIFICATE REQUEST', /signing request/],
    ['NEW CERTIFICATE REQUEST', /signing request/],
    ['ATTRIBUTE CERTIFICATE', /"ATTRIBUTE CERTIFICATE"; expected only "CERTIFICATE"/]
  ] as const) {
    const block = BLOCK.replaceAll('CERTIFICATE', label)
    for (const text of [block, BLOCK + block, block + BLOCK, Buffer.from(BLOCK + block)]) {
      t.equal(reasonOf(text), 'block_unsupported', label)
      t.match(messageOf(text), hint)
    }
  }
})

test('never skips a block with a misspelt boundary', async (t) => {
  for (const wrong of [
    BLOCK.replace('-----BEGIN', '----BEGIN'), BLOCK.replace('-----\nMAA', '----\nMAA'),
    BLOCK.replace('-----BEGIN', '----- BEGIN'),
    BLOCK.replaceAll('CERTIFICATE', 'Certificate'), BLOCK.replace('BEGIN', 'Begin'),
    BLOCK.replaceAll('-----', '\u2014\u2014-'),
    BLOCK.replace('BEGIN CERT', 'BEGIN  CERT'), BLOCK.slice(BLOCK.indexOf('MAA'))
  ]) {
    for (const text of [wrong, BLOCK + wrong, Buffer.from(BLOCK + wrong)]) {
      t.match(messageOf(text), /misspelt|without a begin|has no end/, wrong)
    }
  }
})

test('skips byte order marks, at the start and between files', async (t) => {
  const mark = '\ufeff'
  for (const text of [
    mark + BLOCK + mark + BLOCK, BLOCK.trimEnd() + mark + BLOCK, `${mark}# text\n${BLOCK}${mark}${mark}# more\n${BLOCK}`
  ]) {
    t.same(decodePem(text), [DER, DER])
    t.same(decodePem(Buffer.from(text)), [DER, DER])
  }
})

test('says what a text without a block is, and quotes nothing of it', async (t) => {
  for (const [content, message] of [
    [Buffer.from(`\ufeff${BLOCK}`, 'utf16le'), /UTF-16 text; save it as UTF-8/],
    [Buffer.from(BLOCK, 'utf16le'), /UTF-16/],
    [Buffer.from(`\ufeff${BLOCK}`, 'utf16le').swap16(), /UTF-16/],
    [Buffer.from('feedfeed0000000200000001', 'hex'), /a Java keystore \(JKS\).*keytool/],
    [Buffer.from('cececece0000000200000001', 'hex'), /\(JCEKS\)/],
    [Buffer.from('308209f5020103308209', 'hex'), /PKCS#12; expected it in the option pfx/],
    [Buffer.from('3082019006092a864886f70d010702a0', 'hex'), /PKCS#7 in DER/],
    [Buffer.from('308204bd020100300d0609', 'hex'), /a private key in DER/],
    [Buffer.from('3082019030820137a0030201', 'hex'), /DER; convert it with `openssl x509/],
    ['<!DOCTYPE html><title>secret', /an HTML or XML page/],
    ['\ufeff <html>secret', /an HTML or XML page/],
    ['{"secret":1}', /JSON/],
    [Buffer.from(BLOCK).toString('base64'), /base64 of PEM; decode it first/],
    ['ssh-ed25519 secret', /a public key of OpenSSH/],
    [' \n', /only white space/],
    ['', /nothing \(an empty file or text\)/],
    ['0 secret', /no PEM/]
  ] as const) {
    t.match(messageOf(content), message)
    t.notMatch(messageOf(content), /secret/)
  }
})

test('names a line break that is two characters, and quotation marks', async (t) => {
  t.match(messageOf(BLOCK.replaceAll('\n', '\\n')), /two characters "\\n" where lines should end.*replaceAll/)
  t.match(messageOf(JSON.stringify(BLOCK)), /after a quotation mark: remove it/)
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
