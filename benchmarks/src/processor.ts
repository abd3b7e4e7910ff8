// Which core a process may use, and how much of it a process has used.
import { readFileSync, readdirSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { findProgram } from './machine.ts'

const TICKS_PER_SECOND = 100
const taskset = process.platform === 'linux' && cpus().length > 1 ? findProgram('taskset') : undefined

/** Servers use the first core. Load and measurements use the second. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1
export const canPin: boolean = taskset !== undefined

/** A command line that is bound to a core, if the machine supports that. */
export function pinCommand (core: number, command: readonly string[]): string[] {
  return taskset === undefined ? [...command] : [taskset, '-c', String(core), ...command]
}

/** Binds this process and all its threads. */
export function pinSelf (core: number): void {
  if (taskset !== undefined) spawnSync(taskset, ['-acp', String(core), String(process.pid)], { stdio: 'ignore' })
}

/** CPU seconds of processes and their children, all threads; undefined if the system does not say. */
export function readCpuSeconds (pids: readonly number[]): number | undefined {
  try {
    return familyOf(pids).reduce((sum, pid) => sum + ticksOf(pid), 0) / TICKS_PER_SECOND
  } catch {
    return undefined
  }
}

function familyOf (pids: readonly number[]): number[] {
  const children = pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    return readChildren(`/proc/${pid}/task/${task}/children`, Number(pid))
  }))
  return children.length === 0 ? [...pids] : [...pids, ...familyOf(children)]
}

/** Not every kernel lists children by task. Then the parents of all processes are read. */
function readChildren (path: string, parent: number): number[] {
  try {
    return readFileSync(path, 'utf8').split(' ').filter((pid) => pid !== '').map(Number)
  } catch {
    return path.endsWith(`/${parent}/children`) ? findChildren(parent) : []
  }
}

function findChildren (parent: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return Number(fieldsOf(pid)[1]) === parent
    } catch {
      return false
    }
  })
}

function ticksOf (pid: number): number {
  const fields = fieldsOf(pid)
  return Number(fields[11]) + Number(fields[12])
}

/**
 * The fields of /proc/PID/stat behind the command's name (proc(5)), which may hold anything: state, ppid, … utime at
 * 11, stime at 12.
 */
function fieldsOf (pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
