import { decodeBase64 } from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

/** Azure App Service (documented): the leaf in base64 DER. The front end does not verify it; the app must. */
export const azureAppService: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-arr-clientcert' },
  verifies: false,
  decode: decodeOne(decodeBase64)
})
