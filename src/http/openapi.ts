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
- \`lastPosition\` is the position of the last event in the answer, or \`after\` when there is none.
- The \`type\` of a problem is relative to the address of the service.
- A client token gets 404 for every other session, 403 for what it may never do, and 401 once its session has ended.
- Eligibility is asked once a session, before its first code.
- Events of no session (\`webhook.quarantined\`, \`subject.released\`) have \`sessionId\` and \`seq\` null.
- \`attempt.orphaned\`, \`session.identified\` and the problem \`not-in-review\` are additions of this version.
- \`outcome.source\` is \`session-api\` also where its silence (null, 404) was taken for EXPIRED; \`deadline\` where it could not be asked for a day.
- A replayed answer (\`Idempotency-Key\`) holds the code only while it lives.`;

/** The OpenAPI 3.1 document, made from the controllers. */
function openApiDocument(app: INestApplication): OpenAPIObject {
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
  return withProblemMediaType(SwaggerModule.createDocument(app, config));
}

export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, openApiDocument(app), {
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
        const json = response.content?.['application/json'];
        if (Number(status) >= 400 && json) response.content = { 'application/problem+json': json };
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
