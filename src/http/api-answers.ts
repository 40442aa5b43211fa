import { applyDecorators, type Type } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { type ProblemCode, problems } from '../core/errors.js';
import { ProblemResponse } from './problem.response.js';

/** Problems that any route behind a key can answer with. */
const everywhere: ProblemCode[] = ['unauthenticated', 'forbidden', 'rate-limited', 'unavailable'];

/** Writes a route's answers into the OpenAPI document: its own by status, and its problems by code. */
export function ApiAnswers(
  answers: Record<number, readonly [Type | null, string]>,
  codes: readonly ProblemCode[] = [],
  common: readonly ProblemCode[] = everywhere,
): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of [...codes, ...common]) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ...Object.entries(answers).map(([status, [type, description]]) =>
      ApiResponse({ status: Number(status), description, ...(type ? { type } : {}) }),
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
