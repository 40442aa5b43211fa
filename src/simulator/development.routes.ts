/**
 * Routes that iDenfy does not have: the pages that play its app, and the routes for scripts. They need no API key.
 */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { knownFailReasons } from '../idenfy/contract.js';
import type { IdentifyAnswer } from './identifications.js';
import type { Ledger } from './ledger.js';
import { type Refusal, refuse } from './refusal.js';
import type { SelfieAnswer } from './selfie.js';
import { formOf, sentenceOf, sentinels } from './sentinels.js';

export interface DevelopmentParts {
  readonly ledger: Ledger;
  readonly selfie: (body: unknown) => SelfieAnswer;
  readonly identify: (body: unknown) => IdentifyAnswer;
  readonly outage: (body: unknown) => { readonly status: 204 } | Refusal;
  readonly 'test-message': () => { readonly status: 204 };
}

const pages = { '/': 'index.html', '/app': 'app.html', '/face': 'face.html', '/identify': 'identify.html' } as const;

export function developmentRoutes(scope: FastifyInstance, { ledger, ...played }: DevelopmentParts): void {
  for (const [path, file] of Object.entries(pages)) {
    scope.get(path, async (_, reply) => {
      const page = await readFile(new URL(`./pages/${file}`, import.meta.url), 'utf8');
      return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page);
    });
  }

  for (const name of ['selfie', 'identify', 'outage', 'test-message'] as const) {
    scope.post(`/app/${name}`, async (request, reply) => {
      const answer = played[name](request.body);
      return answer.status === 204 ? reply.code(204).send() : refuse(reply, answer);
    });
  }

  scope.get('/ledger', async () => ledger);

  /** The constants the pages show. */
  scope.get('/reference', async () => ({
    sentinels: sentinels.map((sentinel) => ({ scanRef: formOf(sentinel), does: sentenceOf(sentinel) })),
    failReasons: knownFailReasons,
  }));

  scope.get('/favicon.ico', async (_, reply) => reply.code(204).send());
}
