/**
 * Runs the benchmarks of this folder, or those that are named.
 *
 *   npm run bench -- journal --events 100000
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const suffix = '.bench.mjs';
const folder = new URL('./', import.meta.url);
const known = readdirSync(folder)
  .filter((name) => name.endsWith(suffix))
  .map((name) => name.slice(0, -suffix.length));
const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const named = firstOption < 0 ? args : args.slice(0, firstOption);
const options = firstOption < 0 ? [] : args.slice(firstOption);
const unknown = named.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(', ')}; there are ${known.join(', ')}`);
  process.exit(2);
}
for (const name of named.length > 0 ? named : known) {
  console.log(`\n== ${name} ==`);
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(name + suffix, folder)), ...options], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
