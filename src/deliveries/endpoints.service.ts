/**
 * Endpoints as their owners see them. Only the answers of creating and rotating show a secret. Each change is recorded in the
 * journal.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Administrator } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import { isId, newId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { Database } from '../database/database.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { AdministrationJournal } from '../journal/administration-journal.js';
import { EgressGuard } from './egress/egress-guard.js';
import { changedFields, endpointFacts } from './endpoint-events.js';
import { enabledAgain, healthy } from './endpoint-health.js';
import { rotated } from './endpoint-secrets.js';
import { endpointView } from './endpoint-view.js';
import type { ChangeEndpointDto, CreateEndpointDto, ListEndpointsDto } from './endpoint.dto.js';
import type { EndpointPageResponse, EndpointResponse, EndpointWithSecretResponse } from './endpoint.responses.js';
import { type EndpointChanges, type EndpointRow, EndpointsStore } from './endpoints.store.js';
import { newEndpointSecret } from './signing.js';

export type UrlRefused = 'url-refused';

@Injectable()
export class EndpointsService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(EndpointsStore) private readonly store: EndpointsStore,
    @Inject(EgressGuard) private readonly guard: EgressGuard,
    @Inject(AdministrationJournal) private readonly journal: AdministrationJournal,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @param platform whose events the endpoint receives; `*`: all platforms */
  async create(
    asked: CreateEndpointDto,
    platform: string,
    by: Administrator,
  ): Promise<EndpointWithSecretResponse | UrlRefused | 'limit-reached'> {
    const url = await this.guard.admit(asked.url);
    if (url === null) return 'url-refused';
    const secret = newEndpointSecret();
    return this.database.transaction(async (tx) => {
      if (!(await this.store.hasRoom(tx, platform))) return 'limit-reached';
      const now = this.clock.now();
      const row = await this.store.create(tx, {
        id: newId('ep'),
        platform,
        url,
        eventTypes: asked.eventTypes ?? null,
        description: asked.description ?? '',
        secrets: [{ secret, until: null }],
        createdBy: by.actor.id,
        at: now,
      });
      await this.journal.record(tx, 'endpoint.created', endpointFacts(row), by, now);
      return { ...endpointView(row), secret };
    });
  }

  async list({ limit, cursor }: ListEndpointsDto, reach: Reach): Promise<EndpointPageResponse> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor, (text) => isId('ep', text));
    const found = await this.store.list(reach, limit + 1, before);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      data: page.map((row) => endpointView(row)),
      nextCursor: found.length > limit && last ? encodeCursor(last.id) : null,
    };
  }

  async find(id: string, reach: Reach): Promise<EndpointResponse | null> {
    const row = isId('ep', id) ? await this.store.find(id, reach) : null;
    return row && endpointView(row);
  }

  /** A request that changes nothing is recorded nowhere. */
  async change(
    id: string,
    reach: Reach,
    asked: ChangeEndpointDto,
    by: Administrator,
  ): Promise<EndpointResponse | 'not-found' | UrlRefused> {
    if (!isId('ep', id) || !(await this.store.find(id, reach))) return 'not-found';
    const url = asked.url === undefined ? undefined : await this.guard.admit(asked.url);
    if (url === null) return 'url-refused';
    return this.database.transaction(async (tx) => {
      const row = await this.store.lockWithin(tx, id, reach);
      if (!row) return 'not-found';
      const now = this.clock.now();
      const changes = changesOf(row, asked, url, now);
      await this.store.change(tx, id, changes, now);
      const after = await this.store.lockWithin(tx, id, reach);
      if (!after) throw new Error(`endpoint ${id} is gone`);
      const changed = changedFields(row, changes);
      if (changed.length > 0) {
        await this.journal.record(tx, 'endpoint.updated', { ...endpointFacts(after), changed }, by, now);
      }
      return endpointView(after);
    });
  }

  /** What waits for it is discarded by the sweeper. @returns false when there is no such endpoint */
  async delete(id: string, reach: Reach, by: Administrator): Promise<boolean> {
    if (!isId('ep', id)) return false;
    return this.database.transaction(async (tx) => {
      const row = await this.store.lockWithin(tx, id, reach);
      if (!row) return false;
      const now = this.clock.now();
      await this.store.delete(tx, id, now);
      await this.journal.record(tx, 'endpoint.deleted', endpointFacts(row), by, now);
      return true;
    });
  }

  async rotateSecret(
    id: string,
    reach: Reach,
    overlapSeconds: number,
    by: Administrator,
  ): Promise<EndpointWithSecretResponse | 'not-found'> {
    if (!isId('ep', id)) return 'not-found';
    return this.database.transaction(async (tx) => {
      const row = await this.store.lockWithin(tx, id, reach);
      if (!row) return 'not-found';
      const now = this.clock.now();
      const secret = newEndpointSecret();
      await this.store.setSecrets(tx, id, rotated(this.store.openSecrets(row), secret, overlapSeconds, now), now);
      await this.journal.record(tx, 'endpoint.secret-rotated', { ...endpointFacts(row), overlapSeconds }, by, now);
      return { ...endpointView({ ...row, updatedAt: now }), secret };
    });
  }
}

function changesOf(row: EndpointRow, asked: ChangeEndpointDto, url: string | undefined, now: Date): EndpointChanges {
  const { eventTypes, description, disabled } = asked;
  const isDisabled = row.disabledAt !== null;
  return {
    ...(eventTypes === undefined ? {} : { eventTypes }),
    ...(description === undefined ? {} : { description }),
    // What was known of the old address says nothing of the new one.
    ...(url === undefined || url === row.url ? {} : { url, ...healthy }),
    ...(disabled === true && !isDisabled ? { disabledAt: now, disabledReason: 'by-request' } : {}),
    ...(disabled === false && isDisabled ? { disabledAt: null, disabledReason: null, ...enabledAgain } : {}),
  };
}
