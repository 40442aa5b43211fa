import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type ProblemCode, problems } from '../core/errors.js';
import { ProblemResponse } from './problem.response.js';

const description = `Re-authentication by face through the iDenfy app.

Your platform creates a session with \`POST /v1/sessions\`, shows the code to its user, and gets the outcome by polling, by a
stream or at an endpoint. After a failed attempt a new code is issued, as long as attempts are left. Errors are RFC 9457 problems;
each code has a page under \`/problems\`.

**Requests and lists**

- Unknown fields are refused. You may leave out an optional field, but you may not send it as \`null\`.
- Lists show the newest item first, by creation time. A time without an offset is UTC.
- A filter with a closed list of words refuses an unknown word with 400 and lists the known ones.
- With \`Idempotency-Key\` the first answer is replayed. It has the code only while the code is live. A \`subject-locked\`
  answer is replayed too: to ask again, use another key.
- The \`type\` of a problem is relative to the address of the service.

**Keys and client tokens**

- The \`detail\` of a 401 names its cause: no key, an unknown or revoked key, an expired key, an unknown or ended client token,
  or the signature of a webhook.
- A client token reads its session, and resumes its stream, until 15 minutes after the session's end. After that it gets 401.
  \`EventSource\` stops at a 401, and the page must ask its own server.
- After the session's end, asking for a code gets 409 \`session-closed\`, as with an API key.
- A client token gets 404 for every other session, and 403 for every route that it may never use.
- A client token gets the user's view of its session: ids, states, numbers, times, \`retryOn\`, and the status of outcomes. It never
  gets \`failReason\`, \`signals\`, \`reference\`, \`metadata\`, \`scanRef\`, \`actor\` or \`personal\`. A \`reason\` that names a rule is
  null. A person who tries to deceive the camera must not learn which rule noticed it.
- Only keys with the scope \`sessions\` see the address of an identification; it is as secret as a code.
- Only the stream of a session accepts \`?token=\`. One token may have ten open streams, one process STREAMS_MAX.

**Platforms**

- An API key belongs to one platform (\`main\` unless you name another) or to all platforms (\`*\`). It sees and changes only what
  belongs to its platform. Everything else is absent from lists and gets 404 by id, like an id that does not exist.
- A session and its attempts, events and received webhooks belong to the platform of the key that created the session. An endpoint
  belongs to the platform of the key that registered it, and receives that platform's events.
- A key of all platforms may name the platform of a new session (default \`main\`) or of a new endpoint (default \`*\`, the events of
  all platforms).
- Only keys of all platforms see received webhooks without an attempt, and events whose \`platform\` is null.
- An idempotency key belongs to the platform: another API key of the same platform gets the same answer.
- API keys, checkpoints, \`verify\`, the export of the whole journal, legal holds, erasure and metrics concern all platforms. A key of
  one platform gets 403 for them.
- The events of one platform have gaps in \`position\`, but none in \`seq\`.

**Sessions**

- The service asks iDenfy once per session, before the first code, whether the person may authenticate by face.
- \`attemptsLeft\` is the number of attempts that can still be requested. A superseded attempt counts as used.
- \`attempts-exhausted\` can also mean that the session's lifetime is over, so that no new code can be issued.
- A new code is refused with \`session-closed\` while a pass is held for review.
- \`outcome.source\` is \`session-api\` if the outcome comes from asking iDenfy. If iDenfy then has no verdict (null, 404), the
  outcome is EXPIRED. The source is \`deadline\` if the service got no answer for a day, iDenfy refused the call, or five
  answers were unclear.
- A webhook's SUCCESS is late if it arrives more than DEADLINE_GRACE_SECONDS after the expiry of its code, while the attempt is
  still open. The pass is then held (\`confirming\`) and flagged \`late-result\`. This does not depend on CONFIRM_PASS.

**Signals and reviews**

- A signal is raised at most once on an attempt. \`data\` of \`risk.flagged\` has \`signal\`, \`number\` and the facts behind the
  signal; addresses are in \`personal\`.
- The \`reason\` of a held session is the first of these that applies: \`subject-locked\`, a signal of SIGNALS_HOLD (also on an earlier
  attempt), \`confirming\` (CONFIRM_PASS=enforce, or a late pass).
- iDenfy's session API ends \`confirming\`: it confirms the pass, or the reason becomes \`disputed\`. If the service gets no
  answer for a day, iDenfy refuses the call, or five answers are unclear, the reason becomes \`unconfirmed\`. A person may decide at any time.
- You can decide a review without a claim. While another key has a claim, you can only add notes.

**Events and streams**

- Set \`after\` to \`lastPosition\` to read on. If \`hasMore\`, it is the position of the last event in the answer. Otherwise it may be
  later: up to it no other event matches. It never skips an event that is sealed later.
- \`Last-Event-ID\` takes precedence over \`lastEventId\`, which takes precedence over \`after\`. From a position that does not
  exist yet, the stream waits.
- The stream of a session ends after the final event. A reader that reconnects gets later events of the session
  (\`attempt.late-result\`). Reconnecting when nothing is left returns 204, and \`EventSource\` stops.
- With a client token the stream has the user's view of each event. It leaves out events of the types \`risk.*\`, \`review.*\`,
  \`subject.*\`, \`attempt.conflict\`, \`attempt.late-result\`, \`attempt.disputed\` and \`attempt.orphaned\`, so \`seq\` has gaps.
  \`id\` is still the position, and resuming works.
- \`sessionId\` and \`seq\` are null in events without a session (\`webhook.quarantined\`, \`subject.released\`).

**Reads are recorded**

- Every read of personal data or audit data is recorded as an \`audit.read\` event, on every route: lists, searches, evidence,
  reviews, deliveries, exports and streams. The event belongs to no session; its actor is the API key.
- These reads are not recorded: sessions, if the key has the scope \`sessions\` and none of \`audit\`, \`review\` and \`admin\`;
  reads with a client token; answers that show only hashes and signatures, metrics, endpoints, or what the request itself sent.
- The data of the event: \`route\`, \`filter\`, \`reads\`, \`rows\`, \`firstAt\`, \`lastAt\`. If events were read (lists, streams, exports),
  also their range: \`firstPosition\` and \`lastPosition\`. \`filter\` shows that \`ip\`, \`reference\` and \`token\` were sent, but never
  their values.
- The first read is recorded before it is answered. Further reads within a minute are added up and recorded as one event. If a key
  uses more than 100 different filters in that time, \`filter\` is "other". A stream is recorded before its first event is sent, and
  then in every minute in which it sends something.
- \`audit.read\` events do not count as rows. So a reader that follows the journal to its end causes no new ones.`;

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
      // Without this the decorator's default says JWT.
      bearerFormat: 'opaque',
      description: 'API key `fc_…`, or the client token `fct_…` of one session',
    })
    .build();
  return { ...withProblemMediaType(SwaggerModule.createDocument(app, config, { operationIdFactory })), webhooks };
}

/** Ids such as `sessionsCreate`, after which generators name the methods of a client. */
function operationIdFactory(controller: string, method: string): string {
  const name = controller.replace(/Controller$/, '') + method.charAt(0).toUpperCase() + method.slice(1);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** The path of the documentation, without the slash before it. */
export const docsPath = 'docs';

/** @param webhooks the events that are sent to consumers, by name */
export function serveOpenApi(app: INestApplication, webhooks: Record<string, object>): void {
  SwaggerModule.setup(docsPath, app, openApiDocument(app, webhooks), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Facecode API',
  });
}

/** Errors that any request with a body can get before it reaches its route. */
const ofBodies: readonly ProblemCode[] = ['payload-too-large', 'unsupported-media-type'];

/** Gives errors the media type application/problem+json: the decorators know only one media type for a whole route. */
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
