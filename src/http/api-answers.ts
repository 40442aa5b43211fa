import { applyDecorators, SetMetadata, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, type ApiResponseOptions, getSchemaPath } from '@nestjs/swagger';
import { type ProblemCode, problems } from '../core/errors.js';
import { ProblemResponse } from './problem.response.js';

/** Problems that any route behind a key can answer with. */
const everywhere: ProblemCode[] = ['unauthenticated', 'forbidden', 'rate-limited', 'unavailable'];

export const answersKey = 'facecode:answers';

/** The classes of a route's successful answers; null for an answer that no class describes. */
export type AnswerTypes = readonly (Type | null)[];

/** Class (or classes, if the answer depends on the caller), description, and the content if it is not JSON. */
type Answer = readonly [Type | readonly Type[] | null, string, ApiResponseOptions['content']?];

/** An answer with 204 shows nothing. */
const noContent = '204';

/**
 * Writes a route's answers into the OpenAPI document: its own by status, and its problems by code. Which reads are recorded
 * also depends on the classes of the answers (src/audit/what-answers-hold.ts).
 */
export function ApiAnswers(
  answers: Record<number, Answer>,
  codes: readonly ProblemCode[] = [],
  common: readonly ProblemCode[] = everywhere,
): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of [...codes, ...common]) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const shown = Object.entries(answers).filter(([status]) => status !== noContent);
  return applyDecorators(
    SetMetadata(answersKey, shown.flatMap(([, [types]]) => types) satisfies AnswerTypes),
    ...Object.entries(answers).map(([status, answer]) => documented(Number(status), answer)),
    ...[...byStatus].map(([status, those]) =>
      ApiResponse({
        status,
        description: those.map((code) => `\`${code}\`: ${problems[code].title}`).join('\n\n'),
        type: ProblemResponse,
      }),
    ),
  );
}

function documented(status: number, [types, description, content]: Answer): MethodDecorator & ClassDecorator {
  if (content) return ApiResponse({ status, description, content });
  const [type, ...others] = [types ?? []].flat();
  if (others.length === 0) return ApiResponse({ status, description, ...(type ? { type } : {}) });
  const classes = [types ?? []].flat();
  const schema = { oneOf: classes.map((one) => ({ $ref: getSchemaPath(one) })) };
  return applyDecorators(ApiExtraModels(...classes), ApiResponse({ status, description, schema }));
}
