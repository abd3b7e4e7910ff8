// All fuzzers by name. A fuzzer of anything else than a format is one more entry: it gets a seed and is told when to end.
import { fuzzFormat } from './engine/fuzz-format.ts'
import type { Format } from './engine/format.ts'
import type { Fuzz, Fuzzer } from './engine/fuzzer.ts'
import { StepCounter } from './engine/step-counter.ts'

let counter: StepCounter | undefined

/** Counts the steps of all code that is loaded from now on. */
function startCounting (): StepCounter {
  if (counter === undefined) {
    counter = new StepCounter()
    counter.start()
  }
  return counter
}

function format (name: string, about: string, load: () => Promise<Format>): Fuzzer {
  return {
    name,
    about,
    async load (): Promise<Fuzz> {
      const counting = startCounting()
      const loaded = await load()
      return async (task) => await fuzzFormat(loaded, task, counting)
    }
  }
}

export const fuzzers: readonly Fuzzer[] = [
  format('certificate', 'X.509 certificates, compared with Node', async () => (await import('./formats/certificate.ts')).certificate),
  format('path', 'a leaf and what is sent above it, before trusted CAs', async () => (await import('./formats/path.ts')).path),
  format('name', 'distinguished names (RFC 4514)', async () => (await import('./formats/name.ts')).name),
  format('pem', 'PEM files', async () => (await import('./formats/pem.ts')).pem),
  format('forwarded', 'XFCC and the headers of every gateway', async () => (await import('./formats/forwarded.ts')).forwarded),
  format('crl', 'CRLs', async () => (await import('./formats/crl.ts')).crl),
  format('ocsp', 'OCSP responses', async () => (await import('./formats/ocsp.ts')).ocsp),
  format('pkcs12', 'PKCS#12 files', async () => (await import('./formats/pkcs12.ts')).pkcs12),
  format('rules-json', 'rules files in JSON', async () => (await import('./formats/rules.ts')).rulesJson),
  format('rules-yaml', 'rules files in YAML', async () => (await import('./formats/rules.ts')).rulesYaml),
  format('block-list-json', 'block lists in JSON', async () => (await import('./formats/block-list.ts')).blockListJson),
  format('block-list-yaml', 'block lists in YAML', async () => (await import('./formats/block-list.ts')).blockListYaml),
  format('workload-api', 'messages of the SPIFFE Workload API', async () => (await import('./formats/workload-api.ts')).workloadApi),
  format('workload-frames', 'gRPC framing of the Workload API', async () => (await import('./formats/workload-api.ts')).workloadFrames),
  format('spiffe-bundle', 'bundles of SPIFFE trust domains', async () => (await import('./formats/spiffe-bundle.ts')).spiffeBundle),
  format('spiffe-bundle-map', 'maps of SPIFFE bundles', async () => (await import('./formats/spiffe-bundle.ts')).spiffeBundleMap),
  format('acme', 'answers of an ACME server', async () => (await import('./formats/acme.ts')).acme),
  format('vault', 'answers of OpenBao and Vault', async () => (await import('./formats/vault.ts')).vault),
  format('kubernetes', 'answers about a CertificateSigningRequest', async () => (await import('./formats/kubernetes.ts')).kubernetes),
  format('stored-certificate', 'what a certificate store holds', async () => (await import('./formats/stored-certificate.ts')).storedCertificate)
]
