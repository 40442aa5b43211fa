import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type ProblemCode, problems } from '../core/errors.js';
import { ProblemResponse } from './problem.response.js';

const description = `Re-authentication by face through the iDenfy app.

A platform asks with \`POST /v1/sessions\`, shows the code to its user, and hears the outcome by poll or from the journal.
A failed attempt gets a new code by itself while attempts are left. Errors are RFC 9457 problems; each code has its page
under \`/problems\`.

What one might ask:

- A field that may be left out may not be \`null\`; unknown fields are refused.
- \`attemptsLeft\` counts the attempts that have not been requested yet. A superseded attempt is spent.
- \`attempts-exhausted\` is also the answer when the lifetime of the session is over: no new code will be issued.
- \`lastPosition\` is the position of the last event in the answer. When there is none it is \`after\`, or with filters the
  position up to which no event fits them: it never passes over an event that is sealed later.
- A stream over a session ends when it has sent the final event and whatever was told of the session by then. Whoever asks
  later gets what came after it, too (\`attempt.late-result\`), and 204 once there is nothing more: \`EventSource\` stops at it.
- With a client token \`personal\` is null in every event. The token lives until the session has ended or its lifetime is
  over; then 401, at which \`EventSource\` stops: a page takes the final event from its stream, or asks its own server.
- \`?token=\` is taken by the stream of a session only. One token has at most ten open streams, one process STREAMS_MAX.
- \`Last-Event-ID\` goes before \`lastEventId\`, and that before \`after\`. A position that is not there yet waits.
- The \`type\` of a problem is relative to the address of the service.
- A client token gets 404 for every other session, 403 for what it may never do, and 401 once its session has ended.
- Eligibility is asked once a session, before its first code.
- Events of no session (\`webhook.quarantined\`, \`subject.released\`) have \`sessionId\` and \`seq\` null.
- \`attempt.orphaned\`, \`session.identified\` and the problem \`not-in-review\` are additions of this version.
- So are \`review.claimed\`, \`review.released\`, \`review.noted\`, \`review.approved\` and the problems \`review-claimed\` and \`second-reviewer-needed\`.
- A signal is raised once on an attempt. \`data\` of \`risk.flagged\` has \`signal\`, \`number\` and what it was raised on; addresses are in \`personal\`.
- A session is held by \`subject-locked\`, then by a signal of SIGNALS_HOLD (also of an earlier attempt), then by \`confirming\`; that is its \`reason\`.
- A review needs no claim to be decided; a claim of another key stands in the way of everything but notes.
- \`outcome.source\` is \`session-api\` also where its silence (null, 404) was taken for EXPIRED; \`deadline\` where it could not be asked for a day.
- Who reads attempts, summaries, evidence, subjects, received webhooks or the journal is journaled as \`audit.read\` (of no session): \`route\`, \`filter\` (of \`ip\`, \`reference\` and \`token\` only that they were given), \`reads\`, \`rows\`, \`firstAt\`, \`lastAt\`. The first read is journaled before it is answered, what follows within a minute in one sum; beyond 100 different filters of a key at a time \`filter\` is "other". Not journaled: sessions read by a key that may create them, the journal read by a key without the scope \`audit\`, and polls of the journal that bring nothing but \`audit.read\`.
- Lists are newest first by the time of creation. A time without an offset is UTC.
- A replayed answer (\`Idempotency-Key\`) holds the code only while it lives. \`subject-locked\` is replayed, too: ask again with another key.
- A new code is refused with \`session-closed\` also while a pass is held for review.`;

/** The OpenAPI 3.1 document, made from the controllers. */
function openApiDocument(app: INestApplication, webhooks: Record<string, object>): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Facecode')
    .setDescription(description)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'API key `fc_…`, or the client token `fct_…` of one session',
    })
    .build();
  return { ...withProblemMediaType(SwaggerModule.createDocument(app, config)), webhooks };
}

/** @param webhooks what is sent to consumers, by name */
export function serveOpenApi(app: INestApplication, webhooks: Record<string, object>): void {
  SwaggerModule.setup('docs', app, openApiDocument(app, webhooks), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Facecode API',
  });
}

/** What any body can be answered with before its route sees it. */
const ofBodies: readonly ProblemCode[] = ['payload-too-large', 'unsupported-media-type'];

/** Problems are application/problem+json; the decorators know one media type for every answer of a route. */
function withProblemMediaType(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path) as {
      requestBody?: object;
      responses?: Record<string, { description?: string; content?: Record<string, unknown> }>;
    }[]) {
      if (operation.requestBody) operation.responses = { ...refusalsOfBodies(), ...operation.responses };
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        const [content] = Object.values(response.content ?? {});
        if (Number(status) >= 400 && content) response.content = { 'application/problem+json': content };
      }
    }
  }
  return document;
}

function refusalsOfBodies(): Record<string, { description: string; content: Record<string, unknown> }> {
  const schema = { $ref: getSchemaPath(ProblemResponse) };
  return Object.fromEntries(
    ofBodies.map((code) => {
      const { status, title } = problems[code];
      return [status, { description: `\`${code}\`: ${title}`, content: { 'application/problem+json': { schema } } }];
    }),
  );
}
