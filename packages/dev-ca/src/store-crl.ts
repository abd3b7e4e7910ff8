import { placeFile } from './place-file.ts'
import type { Crl } from './sign-crl.ts'

/** Writes a CRL as PEM, in place of the one that is there. Who reads the file meanwhile sees the whole of one of them. */
export async function storeCrl ({ pem }: Crl, path: string): Promise<void> {
  await placeFile(path, pem, { force: true })
}
