import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type ProblemCode, problems } from '../core/errors.js';
import { ProblemResponse } from './problem.response.js';

const description = `Re-authentication by face through the iDenfy app.

Your platform creates a session with \`POST /v1/sessions\`, shows the code to its user, and gets the outcome by polling, by a
stream or at an endpoint. While attempts are left, a failed attempt is followed by a new code. Errors are RFC 9457 problems;
each code has a page under \`/problems\`.

**Requests and lists**

- Unknown fields are refused. An optional field may be left out, but it may not be \`null\`.
- Lists are newest first, by the time of creation. A time without an offset is UTC.
- A filter with a closed list of words refuses an unknown word with 400 and lists the known ones.
- With \`Idempotency-Key\` the first answer is replayed. It holds the code only while the code lives. \`subject-locked\` is
  replayed too: ask again with another key.
- The \`type\` of a problem is relative to the address of the service.

**Keys and client tokens**

- The \`detail\` of a 401 names its cause: no key, an unknown or revoked key, an expired key, an unknown or ended client token,
  or the signature of a webhook.
- A client token reads its session, and resumes its stream, until 15 minutes after the session's end. After that it gets 401,
  at which \`EventSource\` stops, and the page asks its own server.
- After the session's end, asking for a code gets the usual 409 \`session-closed\`.
- A client token gets 404 for every other session, and 403 for whatever it may never do.
- Only the stream of a session takes \`?token=\`. One token may have ten open streams, one process STREAMS_MAX.

**Sessions**

- iDenfy is asked for eligibility once per session, before its first code.
- \`attemptsLeft\` counts the attempts that have not been requested yet. A superseded attempt is used up.
- \`attempts-exhausted\` also means that the lifetime of the session is over, so that no new code can be issued.
- A new code is refused with \`session-closed\` while a pass is held for review.
- \`outcome.source\` is \`session-api\` if iDenfy gave no verdict (null, 404) and this was taken as EXPIRED. It is \`deadline\`
  if iDenfy could not be asked for a day.

**Signals and reviews**

- A signal is raised at most once on an attempt. \`data\` of \`risk.flagged\` has \`signal\`, \`number\` and the facts; addresses
  are in \`personal\`.
- The \`reason\` of a held session is the first that applies: \`subject-locked\`, a signal of SIGNALS_HOLD (also on an earlier
  attempt), \`confirming\`.
- A review can be decided without a claim. While another key has a claim, you can only add notes.

**Events and streams**

- \`lastPosition\` is the position of the last event in the answer. If there is none, it is \`after\`, or with filters the
  position up to which no event matches. It never skips an event that is sealed later.
- \`Last-Event-ID\` counts before \`lastEventId\`, and that before \`after\`. A position that does not exist yet waits.
- The stream of a session ends after the final event. A later event of the session (\`attempt.late-result\`) is sent to a
  reader that reconnects. Reconnecting when nothing is left returns 204, at which \`EventSource\` stops.
- With a client token \`personal\` is null in every event.
- Events without a session (\`webhook.quarantined\`, \`subject.released\`) have \`sessionId\` and \`seq\` null.

**Reads of audit data**

- Reads of attempts, summaries, evidence, subjects, received webhooks and the journal are recorded as \`audit.read\` events, which
  belong to no session. Their data: \`route\`, \`filter\`, \`reads\`, \`rows\`, \`firstAt\`, \`lastAt\`. Of \`ip\`,
  \`reference\` and \`token\` the filter says only that they were given.
- The first read is recorded before it is answered. Further ones within a minute become one event with their sum. If a key uses more
  than 100 different filters in that time, \`filter\` is "other".
- Not recorded: sessions read by a key that may create them, the journal read by a key without the scope \`audit\`, and polls of the
  journal that bring nothing but \`audit.read\` events.`;

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
      // Without a word of ours the decorator's default says JWT.
      bearerFormat: 'opaque',
      description: 'API key `fc_…`, or the client token `fct_…` of one session',
    })
    .build();
  return { ...withProblemMediaType(SwaggerModule.createDocument(app, config, { operationIdFactory })), webhooks };
}

/** Such as `sessionsCreate`: generators name the methods of a client after it. */
function operationIdFactory(controller: string, method: string): string {
  const name = controller.replace(/Controller$/, '') + method.charAt(0).toUpperCase() + method.slice(1);
  return name.charAt(0).toLowerCase() + name.slice(1);
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
