/** The database cannot be reached, is starting or is going down. Nothing is known to be wrong with the request. */
export class DatabaseUnavailable extends Error {
  /** @param place where the database is, for an operator; without a password */
  constructor(cause: unknown, place = 'the database') {
    super(`${place} ${isSqlError(cause) ? 'refuses for now' : 'cannot be reached'}: ${reasonOf(cause)}`, { cause });
    this.name = 'DatabaseUnavailable';
  }
}

/**
 * The database answers but refuses the connection: a wrong password, an unknown role or database. Waiting does not
 * help.
 */
export class DatabaseRefused extends Error {
  constructor(place: string, cause: SqlError) {
    super(`${place} refuses the connection: ${cause.message} (SQLSTATE ${cause.code})`, { cause });
    this.name = 'DatabaseRefused';
  }
}

/** The database works, but has no capacity left for this read. */
export class DatabaseBusy extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'DatabaseBusy';
  }
}

/** The message of an error. A host with several addresses fails with one error for each, and no message of its own. */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.map(reasonOf).join(', ');
  return 'message' in error && error.message !== '' ? String(error.message) : String(error);
}

interface SqlError extends Error {
  /** SQLSTATE */
  code: string;
  severity: string;
}

/** Whether the server itself reported the error, rather than the connection to it. */
export function isSqlError(error: unknown): error is SqlError {
  return error instanceof Error && 'severity' in error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code));
}

/**
 * SQLSTATE classes that say "not now" (PostgreSQL documentation, appendix A): 08 connection exception, 53 insufficient
 * resources, 57 operator intervention (shutdown, starting up), 58 system error, 25006 read-only (a failed-over
 * primary).
 */
const unavailable = /^(08|53|57|58|25006)/;

/** Our own mistakes. Waiting does not help. */
const isProgrammingError = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;

/** Names an error of a client's `query` or `connect`. An error without SQLSTATE is an error of the connection. */
export function asDatabaseError(error: unknown): Error {
  if (isProgrammingError(error)) return error;
  if (!isSqlError(error)) return new DatabaseUnavailable(error);
  return unavailable.test(error.code) ? new DatabaseUnavailable(error) : error;
}

/** Drizzle wraps the client's error. The cause is the error that we need. */
export function withoutWrapping(error: unknown): unknown {
  const named = error instanceof DatabaseUnavailable || error instanceof DatabaseBusy;
  const wrapped = error instanceof Error && !named && !isSqlError(error);
  return wrapped && error.cause instanceof Error ? withoutWrapping(error.cause) : error;
}

/**
 * Whether the whole database is away: it did not answer, or it is stopping or starting (SQLSTATE class 08, 57P01 to
 * 57P03). OutageWatch logs that once. A server that answers but refuses this statement (disk full, read-only, time-out)
 * is no outage, so the caller logs the refusal.
 */
export function isOutage(error: unknown): boolean {
  const inner = withoutWrapping(error);
  if (!(inner instanceof DatabaseUnavailable)) return false;
  return !isSqlError(inner.cause) || /^(08|57P0[1-3])/.test(inner.cause.code);
}

/** The statement reached its time-out, or somebody canceled it. */
export const isCanceled = (error: unknown): error is SqlError => isSqlError(error) && error.code === '57014';

/** Another transaction changed the row first, so nothing was written. */
export class LostGuard extends Error {}

/** A deadlock or serialization failure: PostgreSQL's documentation says to run the transaction again. */
export function isRetryable(error: unknown): boolean {
  return isSqlError(error) && (error.code === '40001' || error.code === '40P01');
}

/**
 * Other transactions were in the way; nothing is wrong with our data. 55P03 is a lock time-out. 57014 is a statement
 * time-out or a canceled statement.
 */
export function isContention(error: unknown): boolean {
  const inner = withoutWrapping(error);
  if (inner instanceof LostGuard || isRetryable(inner)) return true;
  const reported = inner instanceof DatabaseUnavailable ? inner.cause : inner;
  return isCanceled(reported) || (isSqlError(reported) && reported.code === '55P03');
}

/**
 * Whether the same work fails again each time. Either the database refused the values themselves (SQLSTATE classes 22
 * data exception, 23 constraint violation, 54 program limit), or our own code failed. All other errors of a database
 * are temporary.
 */
export function isLasting(error: unknown): error is Error {
  const inner = withoutWrapping(error);
  if (inner instanceof DatabaseUnavailable || inner instanceof DatabaseBusy || inner instanceof LostGuard) return false;
  return isSqlError(inner) ? /^(22|23|54)/.test(inner.code) : inner instanceof Error;
}
