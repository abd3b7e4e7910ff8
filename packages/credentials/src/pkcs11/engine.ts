import { constants } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { isMainThread } from 'node:worker_threads'
import { CredentialsUnavailableError } from '../errors.ts'
import { findEngineFolder, isReadable } from './engine-folder.ts'
import { ENGINE_ID } from './opaque-key.ts'
import { withPinSource } from './pin-source.ts'

/** What is opened. */
export interface EngineQuestion {
  /** The option and the key, for errors. */
  readonly where: string
  readonly module: string
  readonly engines: string | undefined
  /** The PKCS#11 URI without a PIN. */
  readonly uri: string
  readonly pin: Uint8Array
  /** Our certificates, leaf first, PEM. */
  readonly cert: string
}

/** The module that the engine of this process was started with. The engine reads its path once. */
let started: string | undefined

/**
 * Opens a key in its token, as the key of a secure context.
 *
 * @param create makes the context: `tls.createSecureContext`
 * @throws CredentialsUnavailableError (`engine`, `module`) if the engine cannot be used at all
 * @throws the error of OpenSSL
 */
export function openInEngine (
  { where, module, engines, uri, pin, cert }: EngineQuestion,
  create: (options: SecureContextOptions) => SecureContext = createSecureContext
): SecureContext {
  const folder = checkEngine(where, engines)
  checkModule(where, module)
  try {
    const context = withVariables({ OPENSSL_ENGINES: folder, PKCS11_MODULE_PATH: module }, () => {
      return withPinSource(pin, (source) => {
        return create({ cert, privateKeyEngine: ENGINE_ID, privateKeyIdentifier: `${uri}?pin-source=${source}` })
      })
    })
    started = module
    return context
  } catch (error) {
    // It keeps its module even if that cannot be loaded.
    if (isOfEngine(error)) started = module
    throw error
  }
}

/** Whether an error shows that the engine was started: it is of the engine, or of the key that it gave. */
function isOfEngine (error: unknown): boolean {
  const { code = '', library = '' } = error as { readonly code?: string, readonly library?: string }
  return /pkcs#?11/i.test(library) || /KEY_(?:VALUES|TYPE)_MISMATCH/.test(code)
}

/** Whether OpenSSL did not find the engine, or could not load it. */
export function isEngineMissing (error: unknown): boolean {
  const { message = '', opensslErrorStack = [] } = error as Error & { opensslErrorStack?: readonly string[] }
  return [message, ...opensslErrorStack].some((text) => /could not load the shared library|dso not found/.test(text))
}

/** @returns the folder of the engine @throws CredentialsUnavailableError */
function checkEngine (where: string, engines: string | undefined): string {
  const fail = (found: string, expected: string): Error => {
    return new CredentialsUnavailableError('engine', `${where}: ${found}; expected ${expected}`)
  }
  if (process.permission !== undefined) {
    throw fail(
      'found the permission model (--permission), under which Node loads no engine of OpenSSL', 'a process without it'
    )
  }
  const { bun, deno, node } = process.versions
  const runtime = bun === undefined ? deno === undefined ? `Node ${node}` : `Deno ${deno}` : `Bun ${bun}`
  if (bun !== undefined || deno !== undefined || constants.ENGINE_METHOD_ALL === undefined) {
    throw fail(`${runtime} has no engines of OpenSSL`, 'Node 22.19, 24 or 26')
  }
  const { found, searched } = findEngineFolder(engines)
  if (found !== undefined) return found
  throw fail(
    `found no PKCS#11 engine in ${searched.join(', ')}`,
    'pkcs11.so there (Debian: apt-get install libengine-pkcs11-openssl), or its folder in the option engines'
  )
}

/** @throws CredentialsUnavailableError */
function checkModule (where: string, module: string): void {
  const fail = (found: string, expected: string): Error => {
    return new CredentialsUnavailableError('module', `${where}: ${found}; expected ${expected}`)
  }
  if (started !== undefined && started !== module) {
    throw fail(`found the module ${module}, and this process uses ${started}`, 'one module for all keys of a process')
  }
  if (!isReadable(module)) throw fail(`the module ${module} is missing or cannot be read`, 'a PKCS#11 module')
}

/** Sets environment variables while a function runs. OpenSSL has no other way to tell it its folder of engines. */
function withVariables<Result> (values: Readonly<Record<string, string>>, use: () => Result): Result {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, values)
  try {
    return use()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

/** Why the engine may be missing although its file is there. */
export function describeMissingEngine (): string {
  return isMainThread
    ? 'an engine for the OpenSSL of this Node'
    : 'a main thread, or a worker with `env: SHARE_ENV`: OpenSSL does not see the environment of a worker'
}
