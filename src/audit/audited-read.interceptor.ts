import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { mergeMap, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../http/access.guard.js';
import { auditedReadKey, type AuditedReadRoute, type RowsRead } from '../http/audited-read.js';
import { AccessLog } from './access-log.service.js';
import { readFilter } from './read-filter.js';

/** Notes the answers of routes with `@AuditedRead`, before they are sent. */
@Injectable()
export class AuditedReadInterceptor implements NestInterceptor {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(AccessLog) private readonly log: AccessLog,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const read = this.reflector.get<AuditedReadRoute | undefined>(auditedReadKey, context.getHandler());
    const request = context.switchToHttp().getRequest<AuthenticatedRequest & RowsRead>();
    const { principal } = request;
    if (!read || principal?.kind !== 'api-key' || read.by?.(principal.scopes) === false) return next.handle();
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        const rows = request.rowsRead ?? rowsOf(answer);
        if (rows === 0 && read.polled) return answer;
        const filter = readFilter({ ...(request.params as object), ...(request.query as object) });
        await this.log.note({ keyId: principal.id, route: read.route, filter, rows });
        return answer;
      }),
    );
  }
}

/** Of a page its rows, else one. What tells of reads is no row: reading it must not make more to read, for ever. */
function rowsOf(answer: unknown): number {
  const { data } = (answer ?? {}) as { data?: unknown };
  if (!Array.isArray(data)) return 1;
  return data.filter((row) => (row as { type?: unknown } | null)?.type !== 'audit.read').length;
}
