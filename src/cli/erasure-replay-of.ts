/** Builds the erasure for commands: the same classes as in the service, on an open database, without Nest. */
import { AddressesStore } from '../attempts/addresses.store.js';
import { AttemptsStore } from '../attempts/attempts.store.js';
import { SystemClock } from '../core/clock.js';
import { KeyedDigests } from '../core/keyed-digests.js';
import { Sealer } from '../core/sealing.js';
import type { Database } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { DeliveriesOfSessions } from '../deliveries/deliveries-of-sessions.js';
import { DeliveriesStore } from '../deliveries/deliveries.store.js';
import { IdempotencyStore } from '../http/idempotency.store.js';
import { ErasureSources } from '../journal/erasure-sources.js';
import { PersonalKeys } from '../journal/personal-keys.js';
import { ErasureReplay } from '../privacy/erasure-replay.js';
import { ErasureStore } from '../privacy/erasure.store.js';
import { LegalHoldsStore } from '../privacy/legal-holds.store.js';
import { SubjectEraser } from '../privacy/subject-eraser.js';
import { RetentionTasks } from '../queue/retention-tasks.js';
import { SessionErasure } from '../sessions/session-erasure.js';
import { SessionsStore } from '../sessions/sessions.store.js';
import { BodyErasure } from '../webhooks/body-erasure.service.js';
import { BodyPurgeStore } from '../webhooks/body-purge.store.js';
import { WebhooksStore } from '../webhooks/webhooks.store.js';
import { journalOf } from './journal-of.js';
import type { OpenedSettings } from './with-database.js';

/** No job is queued: the sweeper of the service seals what is appended here. */
const noJobs = { afterCommit: () => undefined };

export function erasureReplayOf(database: Database, settings: OpenedSettings<'encryption' | 'journal'>): ErasureReplay {
  const { encryption } = settings.keys;
  const [sealer, sources, store] = [new Sealer(encryption), new ErasureSources(), new ErasureStore(database)];
  const keys = new PersonalKeys(sealer);
  const { store: journal } = journalOf(database, settings);
  // Nothing else reads, so the erasure may use every connection.
  const reads = ReadDatabase.on(database.pool, () => Promise.resolve());
  const sessions = new SessionsStore(database, reads, new AttemptsStore(database, journal));
  const bodies = new WebhooksStore(database, sealer);
  const features = [
    new SessionErasure(sessions, new AddressesStore(), new IdempotencyStore(database, sealer), sources),
    new DeliveriesOfSessions(new DeliveriesStore(database, reads, sealer), sources, new RetentionTasks()),
    new BodyErasure(new BodyPurgeStore(database), bodies, new KeyedDigests(encryption), sources),
  ];
  for (const feature of features) feature.onModuleInit();
  const eraser = new SubjectEraser(keys, store, sources, journal, noJobs);
  return new ErasureReplay(database, store, new LegalHoldsStore(database, sealer), eraser, new SystemClock());
}
