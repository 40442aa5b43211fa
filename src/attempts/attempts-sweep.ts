import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import { type JobSpec, jobs } from '../queue/jobs.js';
import { SweepSources } from '../queue/sweep-sources.js';
import { AttemptsService } from './attempts.service.js';

/** A row that is due for longer than this has lost its job. */
const graceMs = 3000;

/** What the sweeper can derive from the rows of sessions and attempts. */
@Injectable()
export class AttemptsSweep implements OnModuleInit {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AttemptsService) private readonly attempts: AttemptsService,
    @Inject(SweepSources) private readonly sources: SweepSources,
  ) {}

  onModuleInit(): void {
    this.sources.add({ name: 'attempts without a code', overdue: (now, limit) => this.unissued(now, limit) });
    this.sources.add({ name: 'attempts past their deadline', overdue: (now, limit) => this.pastDeadline(now, limit) });
    this.sources.add({ name: 'passes to confirm', overdue: (now, limit) => this.unconfirmed(now, limit) });
    this.sources.add({ name: 'sessions past their lifetime', overdue: (now, limit) => this.pastLifetime(now, limit) });
  }

  private async unissued(now: Date, limit: number): Promise<JobSpec[]> {
    const { rows } = await this.database.query<{ id: string; tries: number; eligible: boolean }>(
      `select attempts.id, issue_tries as tries, eligible
         from attempts join sessions on sessions.id = session_id
        where state = 'requested' and next_try_at <= $1 order by next_try_at limit $2`,
      [new Date(now.getTime() - graceMs), limit],
    );
    return rows.map(({ id, tries, eligible }) => (eligible ? jobs.issueCode : jobs.checkEligibility)(id, tries));
  }

  private async pastDeadline(now: Date, limit: number): Promise<JobSpec[]> {
    const { rows } = await this.database.query<{ id: string }>(
      `select id from attempts where state in ('issued', 'awaiting-selfie') and deadline_at <= $1
        order by deadline_at limit $2`,
      [new Date(now.getTime() - graceMs), limit],
    );
    return rows.map(({ id }) => jobs.deadline(id));
  }

  private async unconfirmed(now: Date, limit: number): Promise<JobSpec[]> {
    const { rows } = await this.database.query<{ id: string; tries: number }>(
      `select id, confirm_tries as tries from attempts where confirm_at <= $1 order by confirm_at limit $2`,
      [new Date(now.getTime() - graceMs), limit],
    );
    return rows.map(({ id, tries }) => jobs.confirmPass(id, tries));
  }

  /** A session's end needs no job of its own: there is nothing to do but to say so. */
  private async pastLifetime(now: Date, limit: number): Promise<JobSpec[]> {
    const { rows } = await this.database.query<{ id: string }>(
      `select id from sessions
        where status in ('pending', 'active') and expires_at <= $1
          and not exists (select from attempts where session_id = sessions.id and state in ('issued', 'awaiting-selfie'))
        order by expires_at limit $2`,
      [now, limit],
    );
    for (const { id } of rows) await this.attempts.closeAtEndOfLife(id);
    return [];
  }
}
