/**
 * Columns of text and bytes that hold nothing of a subject, by the reason why. Every other column is to be named by the
 * certificate of an erasure. `<table>.*`: all columns of a table.
 */
export const impersonalColumns: Readonly<Record<string, readonly string[]>> = {
  'ids that the service makes': [
    '*.id',
    '*.session_id',
    '*.attempt_id',
    '*.subject_key_id',
    '*.delivery_id',
    '*.endpoint_id',
    '*.platform',
    '*.event_id',
    'idempotency_keys.api_key_id',
  ],
  'closed lists of words': [
    'sessions.channels',
    'sessions.retry_on',
    'attempts.state',
    'events.type',
    'webhooks.state',
    'deliveries.event_type',
    'deliveries.state',
    'provider_refusals.operation',
    'provider_refusals.reason',
  ],
  'about operators, platforms and keys': ['api_keys.*', 'endpoints.*', 'deliveries.test_event'],
  'keys and the proof of the journal': [
    'key_canaries.*',
    'journal_state.*',
    'events.mac',
    'sealing_keys.*',
    'journal_nodes.*',
    'checkpoints.*',
    'facecode_migrations.*',
  ],
  'addresses of callers, for a minute': ['request_budgets.*'],
};
