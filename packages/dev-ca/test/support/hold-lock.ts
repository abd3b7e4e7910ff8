// Takes the lock of a folder, says so and keeps it until it is killed.
import { withFolderLock } from '../../src/folder/folder-lock.ts'

await withFolderLock(process.argv[2] ?? '', async () => {
  process.stdout.write('held')
  await new Promise((resolve) => { process.stdin.once('data', resolve) })
})
