/**
 * Every column with sealed values, once: what each value is bound to, and which key seals it. The stores seal and open
 * by this list, `facecode keys reseal` goes through it, and a test compares it with the tables.
 */

export interface SealedColumn<Key extends readonly string[] = readonly string[]> {
  readonly table: string;
  readonly column: string;
  /** columns of the primary key, in whose order rows are locked */
  readonly primaryKey: readonly string[];
  /** of the columns of the primary key; default: text */
  readonly keyType?: 'text' | 'bigint';
  /** columns whose values `context` takes */
  readonly boundTo: Key;
  /** what a value is bound to, so that it opens only in its own row; takes the values of `boundTo` as texts */
  readonly context: (...key: { [Each in keyof Key]: string }) => string;
  /** SQL condition: rows that FACECODE_ENCRYPTION_KEY seals. The key of a subject seals the other rows */
  readonly byService: string;
  /** rows cannot be changed: the journal is append-only */
  readonly fixed?: true;
}

const byId = (table: string, column: string, kind: string, rest: { byService?: string; fixed?: true } = {}) => ({
  table,
  column,
  primaryKey: ['id'],
  boundTo: ['id'] as const,
  context: (id: string) => `${kind}:${id}`,
  byService: 'true',
  ...rest,
});

const keyless = 'subject_key_id is null';

export const sealedColumns = {
  canary: {
    ...byId('key_canaries', 'canary', ''),
    primaryKey: ['key'],
    boundTo: ['key'] as const,
    context: () => 'key-canary',
    byService: `key = 'encryption'`,
  },
  webhookBody: byId('webhooks', 'body_sealed', 'webhook-body'),
  subjectKey: byId('subject_keys', 'key_sealed', 'subject-key'),
  sessionPersonal: byId('sessions', 'personal_sealed', 'session-personal', { byService: keyless }),
  identification: byId('sessions', 'identification_sealed', 'session-identification'),
  attemptSecret: byId('attempts', 'secret_sealed', 'attempt-secret'),
  eventPersonal: byId('events', 'personal_sealed', 'event-personal', { byService: keyless, fixed: true }),
  endpointSecrets: byId('endpoints', 'secrets_sealed', 'endpoint-secrets'),
  deliveryAnswer: {
    ...byId('delivery_attempts', 'response_sealed', 'delivery-answer'),
    keyType: 'bigint' as const,
    boundTo: ['delivery_id'] as const,
  },
  legalHold: {
    ...byId('legal_holds', 'reason_sealed', 'legal-hold'),
    primaryKey: ['scan_ref'],
    boundTo: ['scan_ref'] as const,
  },
  rememberedAnswer: {
    ...byId('idempotency_keys', 'answer_sealed', ''),
    primaryKey: ['platform', 'key'],
    boundTo: ['api_key_id', 'key'] as const,
    context: (apiKeyId: string, key: string) => `idempotency:${apiKeyId}:${key}`,
  },
} satisfies Record<string, SealedColumn<readonly string[]> | SealedColumn<readonly [string, string]>>;
