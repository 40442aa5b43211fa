/** Runs the built program to its end, for tests of its exit code and output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { repository } from './ensure-built.js';

/** After this time a hanging process is killed, and the test shows its output. */
const patienceSeconds = 120;

export interface Ran {
  /** null: the process did not end and was killed */
  code: number | null;
  out: string;
  err: string;
}

export interface Run {
  /** the whole environment of the process, except PATH */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** @param file a file in dist, for example `main.js`, and its arguments */
export async function runBuilt([file, ...args]: readonly string[], { env, cwd }: Run): Promise<Ran> {
  const child = spawn(process.execPath, [join(repository, 'dist', file!), ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const late = setTimeout(() => child.kill('SIGKILL'), patienceSeconds * 1000);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  clearTimeout(late);
  return { code: code as number | null, out, err };
}

/** Runs the `facecode` command. */
export const runFacecode = (args: readonly string[], run: Run): Promise<Ran> => runBuilt(['cli/main.js', ...args], run);
