import { readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DONE_NOTE, JSON_OPTION, printDone } from '../ca/create-ca.ts'
import { readArguments, textOf, UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { describeFileError } from '../files/read-bytes.ts'
import { shown } from '../output.ts'
import { makeApp, makeServer, RULES } from './app-template.ts'
import { javascript, typescript } from './language.ts'
import type { Language } from './language.ts'
import { makeFolder } from './make-folder.ts'
import { nameOf } from './project-name.ts'
import { CERTIFICATES, GITIGNORE, makeManifest, makeReadme, TSCONFIG } from './project-template.ts'
import { makeTest } from './test-template.ts'

/** What a folder may have that is empty otherwise. */
const HARMLESS = ['.git', '.DS_Store']
/** So many files of a folder are named that is not empty. */
const MAX_NAMED = 5

/**
 * The command that writes a service.
 *
 * @param certificateCommands the commands that `CERTIFICATES` names
 * @param readVersion gives the version of the suite
 */
export function initBy (certificateCommands: readonly Command[], readVersion: () => string): Command {
  return {
    name: 'init',
    summary: 'write a service with rules, tests and certificates for development',
    operands: { name: 'DIR', help: 'folder of the service (default: this one)', least: 0, most: 1 },
    options: {
      name: { type: 'string', help: 'name of the package (default: that of the folder)' },
      js: { type: 'boolean', help: 'JavaScript instead of TypeScript' },
      force: { type: 'boolean', help: 'write into a folder that is not empty, and replace files; names each of them' },
      json: JSON_OPTION
    },
    notes: [DONE_NOTE, '', '  peerkit init shop && cd shop && npm install && npm test && npm start'],
    run: async (values, print, [folder = '.']) => {
      if (folder === '') throw new UsageError('DIR is empty; expected a folder, or no DIR for this one')
      const name = nameOf(folder, textOf(values, 'name'))
      const language = values['js'] === true ? javascript : typescript
      const files = listFiles(name, readVersion(), language)
      const there = await readFolder(folder)
      const { force = false } = values
      if (force !== true) refuseUnlessEmpty(folder, there)
      const replaced = [...Object.keys(files), 'pki'].filter((file) => there.includes(file))
      for (const [file, text] of Object.entries(files)) {
        await makeFolder(dirname(join(folder, file))).catch((error: NodeJS.ErrnoException) => {
          throw new UsageError(`DIR is ${JSON.stringify(folder)}: it cannot be made (${error.code}); expected a folder`)
        })
        // Without --force, a file that came meanwhile is not replaced either.
        await writeFile(join(folder, file), text, { flag: force === true ? 'w' : 'wx' })
      }
      await writeCertificates(certificateCommands, folder)
      printDone(values, print, { folder, name, files: [...Object.keys(files), 'pki'], replaced },
        describe(folder, name, language, [...Object.keys(files), 'pki'], replaced))
      return 0
    }
  }
}

/** The files by path, without the certificates. */
function listFiles (name: string, version: string, language: Language): Readonly<Record<string, string>> {
  const { extension } = language
  return {
    'package.json': makeManifest(name, version, language),
    ...(language === typescript && { 'tsconfig.json': TSCONFIG }),
    '.gitignore': GITIGNORE,
    'README.md': makeReadme(name, language),
    'rules.yaml': RULES,
    [`app.${extension}`]: makeApp(language),
    [`server.${extension}`]: makeServer(language),
    [`test/app.test.${extension}`]: makeTest(language)
  }
}

/** Paths of all files, and of folders, without those of `node_modules` and `.git`. */
async function readFolder (folder: string, within = ''): Promise<string[]> {
  const entries = await readdir(join(folder, within), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    const found = error.code === 'ENOTDIR' ? 'found a file' : describeFileError(error)
    throw new UsageError(`DIR is ${JSON.stringify(folder)}: ${found}; expected a folder`)
  })
  const paths = entries.map((entry) => join(within, entry.name))
  return within === '' && paths.includes('test') ? [...paths, ...await readFolder(folder, 'test')] : paths
}

function refuseUnlessEmpty (folder: string, there: readonly string[]): void {
  const found = there.filter((name) => !HARMLESS.includes(name))
  if (found.length === 0) return
  const more = found.length > MAX_NAMED ? ` and ${found.length - MAX_NAMED} more` : ''
  throw new UsageError(`DIR is ${JSON.stringify(folder)}: found ${found.slice(0, MAX_NAMED).join(', ')}${more}; ` +
    'expected an empty folder, or --force')
}

async function writeCertificates (commands: readonly Command[], folder: string): Promise<void> {
  for (const words of CERTIFICATES) {
    const command = commands.find(({ name }) => words.join(' ').startsWith(`${name} `)) as Command
    const args = words.slice(command.name.split(' ').length)
    const placed = args.map((arg) => arg === 'pki' || arg.startsWith('pki/') ? join(folder, arg) : arg)
    await command.run(readArguments(command, placed).values, () => {}, [])
  }
}

function describe (
  folder: string, name: string, language: Language, files: readonly string[], replaced: readonly string[]
): string {
  const enter = folder === '.' ? '' : `  cd ${shown(folder)}\n`
  return `wrote ${name} in ${language.name}: ${files.join(', ')}\n` +
    (replaced.length === 0 ? '' : `replaced: ${replaced.join(', ')}\n`) +
    `next:\n${enter}  npm install\n  npm test\n  npm start\n`
}
