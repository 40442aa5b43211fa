/** What docker-compose.yml does to the database and Redis, for tests that do the same without Docker. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface ComposeFile {
  services: Record<'role' | 'redis', { command: string[] }>;
}

export interface ComposedServers {
  /** stands for every password of .env */
  readonly password: string;
  /** the SQL of the service `role`, with another name for the role */
  roleStatements(role: string): string;
  /** the arguments of redis-server */
  readonly redisArguments: readonly string[];
}

export function composeFile(): ComposedServers {
  const password = 'fromDotEnv0123456789';
  const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
  // As Compose puts in the variables.
  const { services } = parse(text.replaceAll(/\$\{\w+:\?[^}]*\}/g, password)) as ComposeFile;
  const [server, ...redisArguments] = services.redis.command;
  if (server !== 'redis-server') throw new Error(`Redis is started by ${server}`);
  return {
    password,
    redisArguments,
    roleStatements: (role) => services.role.command.at(-1)!.replaceAll('facecode_service', `"${role}"`),
  };
}
