import { SetMetadata } from '@nestjs/common';
import { mayAct, type Scope } from './scopes.js';

export const auditedReadKey = 'facecode:audited-read';

export interface AuditedReadOptions {
  /** whether a key with these scopes reads there to look into things; absent: whoever reads */
  by?: (granted: readonly Scope[]) => boolean;
  /** read in a loop: an answer without anything new is not worth a note, and must not make something new */
  polled?: boolean;
}

export interface AuditedReadRoute extends AuditedReadOptions {
  route: string;
}

/** What a handler may say on its request: how many rows a stream that it answers with will have. */
export interface RowsRead {
  rowsRead?: number;
}

/** Who was given the scope `audit` itself. */
export const auditors = (granted: readonly Scope[]): boolean => granted.includes('audit');

/** Who may not work with sessions, only look at them. */
export const exceptPlatforms = (granted: readonly Scope[]): boolean => !mayAct(granted, ['sessions']);

/**
 * That this route is read is journaled as `audit.read`: who, with which filter, how many rows (src/audit/access-log).
 * @param route stable name of what is read, for example `attempts.search`
 */
export const AuditedRead = (route: string, options: AuditedReadOptions = {}) =>
  SetMetadata(auditedReadKey, { route, ...options } satisfies AuditedReadRoute);
