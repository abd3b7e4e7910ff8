import type { FastifyInstance, RouteOptions } from 'fastify'
import type { RoutePolicy } from '../policy/route-requirements.ts'

/**
 * A mark on a route's schema. `@fastify/swagger` copies it to the operation, where it is replaced by the security
 * scheme.
 */
const MARK = 'x-mutual-tls'
const SCHEME = 'mutualTLS'
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query']

const kWrapped = Symbol('peerkit.wrapped')

type Security = Record<string, readonly string[]>
/** A parameter of an operation, as OpenAPI names it. */
interface Parameter { readonly in?: string, readonly name?: string, readonly description?: string }
interface Operation {
  [MARK]?: true | readonly BoundParameter[]
  operationId?: string
  security?: readonly Security[]
  parameters?: readonly Parameter[]
}
interface Document {
  openapi?: string
  swagger?: string
  security?: readonly Security[]
  paths?: Record<string, Record<string, unknown>>
  components?: { securitySchemes?: object }
}
type Swagger = ((options?: { yaml?: boolean }) => Document | string) & { [kWrapped]?: Promise<void> }

/** A parameter whose value a rule compares with the certificate. */
interface BoundParameter { readonly in: 'path' | 'query' | 'header', readonly name: string }

const PLACES = { param: 'path', query: 'query', header: 'header' } as const

/** Which rule compares them, and with what, the document does not tell. */
const BOUND = 'Compared with the client certificate.'

function listBound ({ route }: RoutePolicy): readonly BoundParameter[] {
  return route.requirements.flatMap(({ policy }) => policy.requestValues)
    .map(({ source, name }) => ({ in: PLACES[source], name }))
}

/**
 * Says of each parameter of an operation whether its value is compared with the certificate. Parameters that the
 * document does not have are not added: nobody knows whether they are optional.
 */
function describeParameters (parameters: readonly Parameter[], bound: readonly BoundParameter[]): readonly Parameter[] {
  return parameters.map((parameter) => {
    const isBound = bound.some((one) => one.in === parameter.in && isSameName(one, parameter.name))
    if (!isBound) return parameter
    const { description } = parameter
    return { ...parameter, description: description === undefined ? BOUND : `${description} ${BOUND}` }
  })
}

/** Names of headers have no case. */
function isSameName ({ in: place, name }: BoundParameter, other = ''): boolean {
  return place === 'header' ? name === other.toLowerCase() : name === other
}

/**
 * Marks the routes that require a certificate. Swagger keeps the same options object of a route, so this works in
 * either order of plugins.
 */
export function markRoutes (
  routes: readonly { readonly options: RouteOptions, readonly policy: RoutePolicy }[]
): void {
  for (const { options, policy } of routes) {
    if (policy.route.requirements.length > 0) {
      const bound = listBound(policy)
      const mark = bound.length === 0 ? true : bound
      options.schema = { ...options.schema, [MARK]: mark } as NonNullable<RouteOptions['schema']>
    }
  }
}

/**
 * Adds mutual TLS to the documents of `@fastify/swagger`. It changes the result and not the options: the options are
 * out of reach if swagger was registered first, and a route's `security` must not name a scheme that the document does
 * not define.
 *
 * @returns resolves when a document can be written as YAML
 */
export function completeDocuments (app: FastifyInstance): Promise<void> | undefined {
  const holder = app as unknown as { swagger?: Swagger }
  const { swagger } = holder
  if (typeof swagger !== 'function') return undefined
  if (swagger[kWrapped] !== undefined) return swagger[kWrapped]
  // Loaded only with swagger, which needs it itself. It takes longer to load than this package.
  let write = (document: Document): string => JSON.stringify(document, null, 2)
  const loaded = import('yaml').then(({ stringify }) => {
    write = (document) => stringify(document, { strict: false })
  })
  const completed = new WeakMap<object, Document>()
  const wrapped: Swagger = function (this: unknown, options) {
    const made = swagger.call(this)
    // A static document is not changed.
    if (typeof made !== 'object' || made === null) return swagger.call(this, options)
    let document = completed.get(made)
    if (document === undefined) {
      document = completeDocument(made)
      completed.set(made, document)
      if (!supportsMutualTls(made)) {
        app.log.warn(
          { openapi: made.openapi ?? made.swagger },
          'the OpenAPI document does not name mutual TLS: its version has no such scheme; expected 3.1.0 or later'
        )
      }
    }
    // JSON is YAML too, for a call before the app is ready.
    return options?.yaml === true ? write(document) : document
  }
  wrapped[kWrapped] = loaded
  holder.swagger = wrapped
  return loaded
}

/** `mutualTLS` is a security scheme since OpenAPI 3.1. It would make older documents invalid. */
function supportsMutualTls ({ openapi = '' }: Document): boolean { return /^3\.[1-9]/.test(openapi) }

function completeDocument (document: Document): Document {
  const supportsScheme = supportsMutualTls(document)
  let isNamed = false
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    const operations: Record<string, unknown> = paths[path] = { ...item }
    const get = item['get'] as Operation | undefined
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined
      if (operation === undefined) continue
      const { [MARK]: own, ...rest } = operation
      // Swagger copies and renames a HEAD route before it can be marked.
      const isCopy = method === 'head' && rest.operationId === `${get?.operationId ?? ''}-head`
      const mark = own ?? (isCopy ? get?.[MARK] : undefined)
      const isMarked = mark === true || Array.isArray(mark)
      if (isMarked && supportsScheme) isNamed = true
      operations[method] = isMarked && supportsScheme ? secure(rest, mark, document.security) : rest
    }
  }
  if (!isNamed) return { ...document, paths }
  const { components } = document
  return {
    ...document,
    paths,
    components: {
      ...components,
      securitySchemes: {
        [SCHEME]: { type: 'mutualTLS', description: 'A client certificate that a rule of the route allows.' },
        ...components?.securitySchemes
      }
    }
  }
}

/** An operation that needs a certificate. */
function secure (
  operation: Omit<Operation, typeof MARK>, mark: NonNullable<Operation[typeof MARK]>, security: Document['security']
): Omit<Operation, typeof MARK> {
  const { parameters } = operation
  const isDescribed = parameters !== undefined && mark !== true
  return {
    ...operation,
    security: addScheme(operation.security ?? security),
    ...(isDescribed && { parameters: describeParameters(parameters, mark) })
  }
}

/** Requires the certificate in addition to other security. Alternatives stay alternatives. */
function addScheme (security: readonly Security[] | undefined): readonly Security[] {
  return security === undefined || security.length === 0
    ? [{ [SCHEME]: [] }]
    : security.map((one) => ({ ...one, [SCHEME]: [] }))
}
