import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../architecture/source-graph.ts'

export interface TypeProblem {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly message: string
}

/** A program of `files` with the compiler options of the repository's tests. `previous` gives its parsed files. */
export function makeProgram (files: readonly string[], previous?: ts.Program): ts.Program {
  const { config, error } = ts.readConfigFile(join(root, 'tsconfig.test.base.json'), ts.sys.readFile)
  if (error !== undefined) throw new Error(textOf(error))
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root)
  return ts.createProgram({ rootNames: files, options, ...(previous !== undefined && { oldProgram: previous }) })
}

/** What is wrong with the syntax and the types of `files`, and of no other file of the program. */
export function checkTypes (program: ts.Program, files: readonly string[]): TypeProblem[] {
  return files.flatMap((file) => {
    const source = program.getSourceFile(file)
    if (source === undefined) throw new Error(`${file} is not in the program`)
    const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return diagnostics.map((diagnostic) => ({
      file,
      line: source.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1,
      message: textOf(diagnostic)
    }))
  })
}

function textOf ({ code, messageText }: ts.Diagnostic): string {
  return `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}
