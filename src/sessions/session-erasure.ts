import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AddressesStore } from '../attempts/addresses.store.js';
import { IdempotencyStore } from '../http/idempotency.store.js';
import { ErasureSources } from '../journal/erasure-sources.js';
import { SessionsStore } from './sessions.store.js';

/** What goes of the sessions of a subject that is erased. */
@Injectable()
export class SessionErasure implements OnModuleInit {
  constructor(
    @Inject(SessionsStore) private readonly sessions: SessionsStore,
    @Inject(AddressesStore) private readonly addresses: AddressesStore,
    @Inject(IdempotencyStore) private readonly idempotency: IdempotencyStore,
    @Inject(ErasureSources) private readonly sources: ErasureSources,
  ) {}

  onModuleInit(): void {
    this.sources.add({
      what: 'reference, metadata and initiator of sessions, and addresses of identifications',
      where: 'sessions.personal_sealed, sessions.reference_digest, sessions.identification_sealed',
      erase: (tx, { sessionIds }) => this.sessions.wipePersonal(tx, sessionIds),
    });
    this.sources.add({
      what: 'digests of the addresses of initiator and selfie',
      where: 'attempts.ip_digests, sessions.initiator_ip_digest, sessions.initiator_block_digest',
      erase: (tx, { sessionIds }) => this.addresses.forget(tx, sessionIds),
    });
    this.sources.add({
      what: 'remembered answers to requests with an Idempotency-Key',
      where: 'idempotency_keys.key, idempotency_keys.request_digest, idempotency_keys.answer_sealed',
      erase: (tx, { sessionIds }) => this.idempotency.forget(tx, sessionIds),
    });
  }
}
