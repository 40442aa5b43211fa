import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { problemDocument, problems } from '../core/errors.js';

/** What Node gives up on before there is a request that Fastify could answer. */
const details: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'The request was not there in time.',
  HPE_HEADER_OVERFLOW: 'The headers are too large.',
};

/** Answers it with a problem, as everything else is, and ends the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  // A connection that was cut hears no answer.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = `req_${randomUUID()}`;
  const detail = details[error.code ?? ''] ?? 'This is no HTTP request.';
  const body = JSON.stringify(problemDocument('invalid-request', { detail }, requestId));
  const { status } = problems['invalid-request'];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
