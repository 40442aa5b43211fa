/** The only place that reads process.env. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigurationError } from './configuration-error.js';

export type Environment = Record<string, string | undefined>;

/**
 * The variables of the process over those of `.env` in the working directory, where there is one. An empty variable
 * counts as unset, because that is how Compose files and CI systems pass one that nobody gave.
 *
 * @throws ConfigurationError when there is a `.env` that cannot be read
 */
export function readEnvironment(): Environment {
  return { ...withoutEmpty(readEnvFile()), ...withoutEmpty(process.env) };
}

/**
 * Whether LOG_LEVEL asks for details such as the stack of an unexpected error. Works even if the settings are wrong.
 */
export function isDebugging(): boolean {
  try {
    return ['debug', 'trace'].includes(readEnvironment().LOG_LEVEL ?? '');
  } catch {
    return false;
  }
}

function readEnvFile(): Environment {
  try {
    return { ...parseEnv(readFileSync('.env', 'utf8')) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigurationError([
      `.env: cannot be read (${code ?? 'unknown error'}), expected a readable file or none`,
    ]);
  }
}

function withoutEmpty(variables: Environment): Environment {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''));
}
