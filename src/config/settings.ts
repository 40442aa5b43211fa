import type { HoldingSignal } from './read-signals.js';

/** Keys that the service makes in the data dir if no variable sets them. */
export type GeneratedKey = 'admin' | 'encryption' | 'journal';

/**
 * The settings as the rest of the service sees them: parsed, validated, frozen. `readSettings` in ./read-settings.ts
 * makes one from the environment; nothing else reads process.env.
 */
export interface Settings {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** own port for /metrics; null: behind scope `admin` on the main port */
    readonly metricsPort: number | null;
    /** the proxies whose X-Forwarded-For is trusted: none, this number of proxies, or those in these CIDRs */
    readonly trustProxy: false | number | string[];
    /** requests of one API key; 0: no limit */
    readonly requestsPerKeyPerMinute: number;
    /** failed authentications from one address; 0: no limit */
    readonly failuresPerAddressPerMinute: number;
    /** whose pages may use client tokens from a browser */
    readonly corsOrigins: readonly string[];
    /** open streams of one process */
    readonly streamsMax: number;
  };
  readonly roles: { readonly api: boolean; readonly worker: boolean };
  readonly database: {
    /** null: PGlite in `dataDir` */
    readonly url: string | null;
    readonly migrateOnStart: boolean;
  };
  readonly redis: {
    /** one URL: a single Redis; several: nodes of a Redis Cluster; none: BullMQ's PostgreSQL backend */
    readonly urls: readonly string[];
  };
  readonly dataDir: string;
  readonly keys: {
    /** FACECODE_ADMIN_KEY, the bootstrap admin API key; null: the service makes one if the database never had one */
    readonly admin: string | null;
    /** keys that were read from `dataDir`, because no variable sets them */
    readonly inDataDir: readonly ('encryption' | 'journal')[];
    /** 32 bytes each; the first seals, all open */
    readonly encryption: readonly Buffer[];
    /** Ed25519 private key, PKCS#8 PEM */
    readonly journal: string;
  };
  readonly idenfy: {
    /** without a trailing slash */
    readonly baseUrl: string;
    readonly faceUrl: string;
    readonly identificationUrl: string;
    readonly apiKey: string;
    readonly apiSecret: string;
    /** signing keys, any of which is accepted */
    readonly webhookKeys: readonly string[];
    readonly requestsPerHour: number;
    readonly timeoutSeconds: number;
  };
  readonly deadlineGraceSeconds: number;
  readonly confirmPass: 'off' | 'observe' | 'enforce';
  /** whether iDenfy is asked for an identification when a scanRef may not authenticate by face */
  readonly identificationFallback: boolean;
  readonly limits: {
    readonly maxAttemptsPerSession: number;
    /** this many FAILED in a row lock a subject, and each further one locks it again */
    readonly lockAfterFailures: number;
    /** of the first lock; each further one doubles it */
    readonly lockSeconds: number;
    /** the doubling ends here */
    readonly lockMaxSeconds: number;
    /** this many FAILED in a row lock a subject until a person releases it; null: every lock ends by itself */
    readonly stopAfterFailures: number | null;
  };
  /** name of the journal and of the key that signs its checkpoints (C2SP) */
  readonly journalOrigin: string;
  readonly signals: {
    /** signals that hold a pass for a person; the others only flag */
    readonly hold: readonly HoldingSignal[];
    /** a verdict sooner than this after its code was handed out is flagged; 0: never */
    readonly tooFastSeconds: number;
    /** more sessions than this of one scanRef or one initiator's address within the window are flagged; 0: never */
    readonly velocitySessions: number;
    readonly velocityWindowSeconds: number;
  };
  readonly review: {
    /** whether a held pass needs two reviewers to be granted */
    readonly fourEyes: boolean;
    /** how long a claim reserves a held pass for its reviewer */
    readonly claimSeconds: number;
  };
  /** where every checkpoint is also kept; null: nowhere */
  readonly checkpointMirror: { readonly folder: string } | { readonly url: string } | null;
  readonly createWaitSeconds: number;
  /** how long the bodies of received webhooks are kept; their rows and digests stay */
  readonly webhookBodyRetentionDays: number;
  /** days from a session's end until its personal data is deleted; null: kept until erased */
  readonly personalDataRetentionDays: number | null;
  /** CIDRs */
  readonly egressAllow: readonly string[];
  readonly log: {
    readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
    readonly format: 'json' | 'pretty';
  };
}
