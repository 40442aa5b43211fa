import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { AttemptsModule } from './attempts/attempts.module.js';
import { AuditModule } from './audit/audit.module.js';
import { ConfigurationModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { CoreModule } from './core/core.module.js';
import type { Database } from './database/database.js';
import { DatabaseModule } from './database/database.module.js';
import type { ReadDatabase } from './database/read-database.js';
import { DeliveriesModule } from './deliveries/deliveries.module.js';
import { HttpModule } from './http/http.module.js';
import { IdenfyModule } from './idenfy/idenfy.module.js';
import { JournalModule } from './journal/journal.module.js';
import { JournalStore } from './journal/journal.store.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import type { QueueBackend } from './queue/backend.js';
import { QueueModule } from './queue/queue.module.js';
import { RiskModule } from './risk/risk.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { StreamsModule } from './streams/streams.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The whole service on an open database and queue backend; which parts run is said by ROLES. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings, database: Database, reads: ReadDatabase, backend: QueueBackend): DynamicModule {
    const { roles } = settings;
    const journal = JournalModule.forRoles(roles);
    const risk = RiskModule.forRoles(roles, [journal], JournalStore);
    const attempts = AttemptsModule.forRoles(roles, [journal, IdenfyModule, risk]);
    const sessions = SessionsModule.forRoles(roles, [attempts, risk, journal]);
    const deliveries = DeliveriesModule.forRoles(roles, [journal]);
    return {
      module: AppModule,
      imports: [
        ConfigurationModule.forRoot(settings),
        CoreModule.forRoot(settings),
        DatabaseModule.forRoot(database, reads),
        QueueModule.forRoot(backend, roles.worker),
        HttpModule.forRoles(roles, settings.http.metricsPort !== null),
        journal,
        risk,
        attempts,
        AccessModule.forRoles(roles, [journal]),
        deliveries,
        sessions,
        ...(roles.api ? [AuditModule.withImports([attempts, sessions, journal, deliveries])] : []),
        ...(roles.api ? [StreamsModule.withImports([journal])] : []),
        WebhooksModule.forRoles(roles, [attempts, journal]),
        PrivacyModule.forRoles(roles, [journal]),
      ],
    };
  }
}
