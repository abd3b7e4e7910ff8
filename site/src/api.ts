import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Application, ReflectionKind, type ProjectReflection, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { entryPoints } from '../../test/docs/public-api.ts'
import { API_FOLDER, root } from './pages.ts'

/** Writes the API reference of all packages, from their types and docstrings: a page for each entry point. */
export async function writeApi (): Promise<void> {
  const entries = entryPoints()
  const options: TypeDocOptions & PluginOptions = {
    entryPoints: entries.map(({ path }) => path),
    tsconfig: join(root, 'tsconfig.test.base.json'),
    basePath: root,
    plugin: ['typedoc-plugin-markdown'],
    readme: 'none',
    name: 'API reference',
    disableGit: true,
    sourceLinkTemplate: 'https://github.com/peerkit/peerkit/blob/main/packages/{path}#L{line}',
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    // A type that is used and not exported is named, and has no page.
    validation: { notExported: false, invalidLink: true, invalidPath: true },
    treatValidationWarningsAsErrors: true,
    skipErrorChecking: true,
    logLevel: 'Warn',
    outputs: [{ name: 'markdown', path: join(root, API_FOLDER) }],
    router: 'module',
    entryFileName: 'index.md',
    groupOrder: ['Functions', 'Variables', 'Classes', '*'],
    hideBreadcrumbs: true,
    hidePageHeader: true,
    sanitizeComments: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: { hideSources: true, hideOverrides: true, hideInherited: true, hideModifiers: true }
  }
  const app = await Application.bootstrapWithPlugins(options)
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the types of the packages')
  for (const module of project.children ?? []) {
    const source = module.sources?.[0]?.fullFileName
    const entry = entries.find(({ path }) => path === source)
    if (entry !== undefined) module.name = entry.specifier
  }
  removeInherited(project)
  const folder = join(root, API_FOLDER)
  rmSync(folder, { recursive: true, force: true })
  app.validate(project)
  await app.generateOutputs(project)
  const hasFaults = app.logger.hasErrors() || app.logger.hasWarnings()
  if (hasFaults) throw new Error('TypeDoc found faults in docstrings; see above')
}

/** Members that a class has from another one, such as `name` of each error, say nothing about it. */
function removeInherited (project: ProjectReflection): void {
  const members = ReflectionKind.Accessor | ReflectionKind.Property | ReflectionKind.Method
  const inherited = project.getReflectionsByKind(members)
    .filter((member) => member.isDeclaration() && member.inheritedFrom !== undefined)
    .filter((member) => member.parent?.kindOf(ReflectionKind.Class) === true)
  for (const member of inherited) project.removeReflection(member)
}
