/** Injection token of the QueueBackend. */
export const QUEUE_BACKEND = Symbol('QueueBackend');
