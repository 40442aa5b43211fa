/** Finds the programs of servers that tests start; null when they are not installed. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps PostgreSQL's server programs, off the PATH, a folder for each version. */
const debianPostgres = '/usr/lib/postgresql';

export function postgresPrograms(): { initdb: string; postgres: string } | null {
  for (const folder of [...pathFolders(), ...debianPostgresFolders()]) {
    const initdb = join(folder, 'initdb');
    const postgres = join(folder, 'postgres');
    if (isExecutable(initdb) && isExecutable(postgres)) return { initdb, postgres };
  }
  return null;
}

export function redisPrograms(): { server: string } | null {
  const server = pathFolders()
    .map((folder) => join(folder, 'redis-server'))
    .find(isExecutable);
  return server === undefined ? null : { server };
}

const pathFolders = (): string[] => (process.env.PATH ?? '').split(delimiter).filter(Boolean);

/** Newest version first. */
function debianPostgresFolders(): string[] {
  try {
    const versions = readdirSync(debianPostgres).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(debianPostgres, version, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
