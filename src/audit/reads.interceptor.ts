import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { mergeMap, type Observable } from 'rxjs';
import { platformOfEvent } from '../core/platform.js';
import { answersKey, type AnswerTypes } from '../http/api-answers.js';
import type { RecordedRequest, RowsRead } from '../http/recorded-read.js';
import { eventsRead } from '../journal/events-read.js';
import { EventPageResponse } from '../journal/events.responses.js';
import { AccessLog } from './access-log.service.js';
import { readFilter } from './read-filter.js';
import { routeName } from './route-name.js';
import { mustRecord } from './what-answers-hold.js';

/** Records what is read, on every route, before it is sent. */
@Injectable()
export class ReadsInterceptor implements NestInterceptor {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(AccessLog) private readonly log: AccessLog,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handler = context.getHandler();
    const answers = this.reflector.get<AnswerTypes | undefined>(answersKey, handler) ?? [];
    const request = context.switchToHttp().getRequest<RecordedRequest>();
    const { principal } = request;
    if (principal?.kind !== 'api-key' || !mustRecord(principal, answers)) return next.handle();
    request.reading = this.log.recorder({
      keyId: principal.id,
      platform: platformOfEvent(principal.platform),
      route: routeName(request.routeOptions.url ?? '', handler.name),
      filter: readFilter({ ...(request.params as object), ...(request.query as object) }),
    });
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        const nothing = answer === undefined && !reply.sent;
        const rows = nothing ? null : rowsOf(answer, answers);
        if (rows) await request.reading?.record(rows);
        return answer;
      }),
    );
  }
}

/** A page counts its rows, any other answer counts as one. @returns null if nothing was shown that counts */
function rowsOf(answer: unknown, answers: AnswerTypes): RowsRead | null {
  if (answers.includes(EventPageResponse)) return eventsRead((answer as EventPageResponse).data);
  const { data } = (answer ?? {}) as { data?: unknown };
  return { rows: Array.isArray(data) ? data.length : 1 };
}
