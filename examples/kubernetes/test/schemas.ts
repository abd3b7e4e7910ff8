// The fields that the manifests use, and no others: a misspelt field is an error, which Kubernetes would drop silently.
// What is here was compared with the published schemas (npm: kubernetes-models 5.1.0, @kubernetes-models/cert-manager 6.0.0).

type Schema = Readonly<Record<string, unknown>>

const text: Schema = { type: 'string', minLength: 1 }
const count: Schema = { type: 'integer', minimum: 0 }
const truth: Schema = { type: 'boolean' }
const span: Schema = { type: 'string', pattern: '^\\d+[hms]$' }
const texts: Schema = { type: 'object', additionalProperties: text }
const list = (items: Schema): Schema => ({ type: 'array', items, minItems: 1 })
const oneOf = (...values: readonly unknown[]): Schema => ({ enum: values })
/** Fields whose names end with `?` may be left out. */
function object (fields: Readonly<Record<string, Schema>>): Schema {
  const entries = Object.entries(fields)
  return {
    type: 'object',
    required: entries.map(([name]) => name).filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace('?', ''), schema])),
    additionalProperties: false
  }
}

const probe = object({ httpGet: object({ path: text, port: text }), periodSeconds: count })
const container = object({
  name: text,
  image: text,
  command: list(text),
  'ports?': list(object({ name: text, containerPort: count })),
  'readinessProbe?': probe,
  'livenessProbe?': probe,
  securityContext: object({
    allowPrivilegeEscalation: oneOf(false),
    readOnlyRootFilesystem: oneOf(true),
    capabilities: object({ drop: oneOf(['ALL']) })
  }),
  // No subPath: Kubernetes does not update such a file.
  volumeMounts: list(object({ name: text, mountPath: text, readOnly: oneOf(true) }))
})
const volume = object({
  name: text,
  'secret?': object({ secretName: text, defaultMode: count }),
  'configMap?': object({ name: text }),
  'csi?': object({ driver: oneOf('csi.cert-manager.io'), readOnly: oneOf(true), volumeAttributes: texts })
})
const pod = object({
  serviceAccountName: text,
  automountServiceAccountToken: oneOf(false),
  'restartPolicy?': oneOf('Never'),
  'terminationGracePeriodSeconds?': count,
  securityContext: object({
    runAsNonRoot: oneOf(true), runAsUser: count, fsGroup: count, seccompProfile: object({ type: oneOf('RuntimeDefault') })
  }),
  containers: list(container),
  volumes: list(volume)
})
const usages = list(oneOf('digital signature', 'server auth', 'client auth'))
const key = object({
  algorithm: oneOf('ECDSA'), size: oneOf(256), 'rotationPolicy?': oneOf('Always')
})
const certificate = object({
  secretName: text,
  issuerRef: object({ group: oneOf('cert-manager.io'), kind: oneOf('ClusterIssuer'), name: text }),
  duration: span,
  privateKey: key,
  'renewBefore?': span,
  'isCA?': truth,
  'commonName?': text,
  'dnsNames?': list(text),
  'uris?': list(text),
  'usages?': usages
})

/** By kind: the API version, and what follows `metadata`. */
const KINDS: Readonly<Record<string, readonly [apiVersion: string, rest: Readonly<Record<string, Schema>>]>> = {
  Namespace: ['v1', {}],
  ServiceAccount: ['v1', {}],
  Service: ['v1', { spec: object({ selector: texts, ports: list(object({ name: text, port: count, targetPort: text })) }) }],
  Deployment: ['apps/v1', {
    spec: object({
      replicas: count,
      selector: object({ matchLabels: texts }),
      template: object({ metadata: object({ labels: texts }), spec: pod })
    })
  }],
  CronJob: ['batch/v1', {
    spec: object({
      schedule: text,
      concurrencyPolicy: oneOf('Forbid'),
      jobTemplate: object({ spec: object({ template: object({ spec: pod }) }) })
    })
  }],
  Certificate: ['cert-manager.io/v1', { spec: certificate }],
  ClusterIssuer: ['cert-manager.io/v1', {
    spec: { oneOf: [object({ selfSigned: object({}) }), object({ ca: object({ secretName: text }) })] }
  }],
  Bundle: ['trust.cert-manager.io/v1alpha1', {
    spec: object({
      sources: list(object({ secret: object({ name: text, key: text }) })),
      target: object({ configMap: object({ key: text }), namespaceSelector: object({ matchLabels: texts }) })
    })
  }]
}

/** The schema of a kind; undefined if no manifest has it. */
export function schemaOf (kind: string): Schema | undefined {
  const known = KINDS[kind]
  if (known === undefined) return undefined
  const [apiVersion, rest] = known
  const metadata = object({ name: text, 'namespace?': text })
  return object({ apiVersion: oneOf(apiVersion), kind: oneOf(kind), metadata, ...rest })
}
