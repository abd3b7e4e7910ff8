import { parse } from '@babel/parser'
import type { ParserPlugin } from '@babel/parser'
import { UsageError } from '../command.ts'
import type { Node } from './syntax.ts'

/**
 * Parses JavaScript or TypeScript, with decorators and JSX.
 *
 * @throws UsageError with the file and the place
 */
export function parseSource (text: string, path: string): Node {
  const isTyped = /\.[mc]?tsx?$/.test(path)
  const isJsx = isTyped ? path.endsWith('x') : !/\.[mc]js$/.test(path)
  const typed: ParserPlugin[] = isTyped ? ['typescript'] : []
  const jsx: ParserPlugin[] = isJsx ? ['jsx'] : []
  try {
    const { program } = parse(text, {
      sourceType: 'unambiguous',
      allowReturnOutsideFunction: true,
      errorRecovery: true,
      plugins: [...typed, ...jsx, 'decorators']
    })
    return program as unknown as Node
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}; expected JavaScript or TypeScript`)
  }
}
