/** Describes an error that stopped the program, in one line and without a stack. */
import {
  DatabaseRefused,
  DatabaseUnavailable,
  isSqlError,
  reasonOf,
  withoutWrapping,
} from '../database/database-errors.js';
import { FolderInUse } from '../database/embedded.js';
import { MigrationsPending, MigrationsUnfit } from '../database/migrate.js';
import { RightsMissing } from '../database/rights.js';

export interface Failure {
  line: string;
  /** only for unexpected errors: it helps to fix the program */
  stack: string | null;
}

/** Errors whose messages are written for operators. */
const worded = [
  DatabaseUnavailable,
  DatabaseRefused,
  FolderInUse,
  MigrationsPending,
  MigrationsUnfit,
  RightsMissing,
] as const;

/**
 * SQLSTATE classes and codes that the owner of the database can fix: insufficient resources, operator intervention,
 * system error, no permission, no such role, a change that only the owner of the tables may make, read-only.
 */
const ofTheServer = /^(53|57|58|42501|42704|23001|25006)/;

export function failureOf(thrown: unknown): Failure {
  if (worded.some((kind) => thrown instanceof kind)) return { line: (thrown as Error).message, stack: null };
  const error = withoutWrapping(thrown);
  if (isSqlError(error) && ofTheServer.test(error.code)) {
    return { line: `the database refuses: ${error.message} (SQLSTATE ${error.code})`, stack: null };
  }
  if (isSystemError(error)) return { line: lineOfSystemError(error), stack: null };
  const line = `unexpected error: ${reasonOf(error)}; LOG_LEVEL=debug shows the stack`;
  return { line: line.replaceAll(/\s*\n\s*/g, ' '), stack: (error instanceof Error && error.stack) || null };
}

interface SystemError extends NodeJS.ErrnoException {
  /** set when listening failed */
  address?: string;
  port?: number;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

function lineOfSystemError({ code, syscall, address, port, message }: SystemError): string {
  if (syscall !== 'listen' || port === undefined) return message;
  if (code === 'EADDRINUSE') return `port ${port} of ${address} is in use by another program (${code})`;
  return `cannot listen on port ${port} of ${address} (${code})`;
}
