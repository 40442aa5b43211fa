import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { type ProblemCode, problems } from '../core/errors.js';
import { ProblemResponse } from './problem.response.js';

/** Problems that any route behind a key can answer with. */
const everywhere: ProblemCode[] = ['unauthenticated', 'forbidden', 'rate-limited', 'unavailable'];

/** Writes a route's answers into the OpenAPI document: its own by status, and its problems by code. */
export function ApiAnswers(
  answers: Record<number, readonly [Type | readonly Type[] | null, string]>,
  codes: readonly ProblemCode[] = [],
  common: readonly ProblemCode[] = everywhere,
): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of [...codes, ...common]) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ...Object.entries(answers).map(([status, [types, description]]) =>
      answer(Number(status), [types ?? []].flat(), description),
    ),
    ...[...byStatus].map(([status, those]) =>
      ApiResponse({
        status,
        description: those.map((code) => `\`${code}\`: ${problems[code].title}`).join('\n\n'),
        type: ProblemResponse,
      }),
    ),
  );
}

/** @param types more than one: depending on who asks */
function answer(status: number, types: readonly Type[], description: string): MethodDecorator & ClassDecorator {
  const [type] = types;
  if (types.length < 2) return ApiResponse({ status, description, ...(type ? { type } : {}) });
  const schema = { oneOf: types.map((one) => ({ $ref: getSchemaPath(one) })) };
  return applyDecorators(ApiExtraModels(...types), ApiResponse({ status, description, schema }));
}
