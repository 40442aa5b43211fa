/** Holds events against the catalogue, more strictly than a receiver may: nothing may be in them that it does not name. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describedTypes, eventSchema } from '../../src/journal/catalogue/event-catalogue.js';
import type { JsonSchema } from '../../src/journal/catalogue/event-catalogue-schema.js';

/** @returns what is wrong with the event; null: nothing */
export type EventCheck = (event: { type: string }) => string | null;

export function eventCheck(): EventCheck {
  const ajv = new Ajv2020({
    allErrors: true,
    allowUnionTypes: true,
    formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ },
  });
  const checks = new Map<string, ValidateFunction>(
    describedTypes.map((type) => [type, ajv.compile(closed(eventSchema(type)))]),
  );
  return (event) => {
    const check = checks.get(event.type);
    if (!check) return `${event.type} is not in the catalogue`;
    const fits: boolean = check(event);
    return fits ? null : `${event.type}: ${ajv.errorsText(check.errors)}`;
  };
}

function closed(schema: JsonSchema): object {
  const { properties, items, anyOf } = schema;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, closed(inner)])),
      additionalProperties: false,
    }),
    ...(items && { items: closed(items) }),
    ...(anyOf && { anyOf: anyOf.map(closed) }),
  };
}
