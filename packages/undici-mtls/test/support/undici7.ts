// Loaded by --import: from here on `undici` is undici 7, for the package and for its tests.
import { registerHooks } from 'node:module'

registerHooks({ resolve: (specifier, context, next) => next(specifier === 'undici' ? 'undici7' : specifier, context) })
