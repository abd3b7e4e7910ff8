import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'tap'
import { packageFolders, root } from '../architecture/source-graph.ts'
import { readmeFiles, readSnippets, type Snippet } from './snippets.ts'

// Inside the workspace, so that the packages resolve as they do for a user who installed them.
const folder = join(root, 'test', '.snippets')

test('every package has a README', async (t) => {
  t.same(readmeFiles(), packageFolders().map((name) => `packages/${name}/README.md`))
})

for (const file of readmeFiles()) {
  for (const snippet of readSnippets(file)) {
    test(`the snippet at ${file}:${snippet.line} runs as it stands`, async (t) => {
      const { code, output } = await runSnippet(snippet)
      t.equal(code, 0, output)
    })
  }
}

async function runSnippet (snippet: Snippet): Promise<{ code: number | null, output: string }> {
  const workspace = join(folder, snippet.file.replaceAll('/', '-') + `-${snippet.line}`)
  rmSync(workspace, { recursive: true, force: true })
  mkdirSync(workspace, { recursive: true })
  const name = snippet.language === 'ts' ? 'snippet.ts' : 'snippet.mjs'
  writeFileSync(join(workspace, name), snippet.code)
  const child = snippet.language === 'sh'
    ? spawn('sh', ['-euc', snippet.code], { cwd: workspace })
    : spawn(process.execPath, ['--conditions=@peerkit/source', name], { cwd: workspace, env: { ...process.env, NODE_OPTIONS: '' } })
  let output = ''
  child.stdout.on('data', (chunk) => { output += chunk })
  child.stderr.on('data', (chunk) => { output += chunk })
  const [code] = await once(child, 'close')
  rmSync(workspace, { recursive: true, force: true })
  return { code, output }
}
