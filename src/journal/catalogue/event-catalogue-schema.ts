/** The words of JSON Schema (2020-12) that the catalogue of events is written in. */

export interface JsonSchema {
  /** of a schema that several types of event share */
  readonly title?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: string;
  readonly enum?: readonly (string | null)[];
  readonly pattern?: string;
  readonly format?: 'date-time';
  readonly minimum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

type Words = string | undefined;

export const text = (description?: Words): JsonSchema => ({ type: 'string', ...described(description) });
export const instant = (description?: Words): JsonSchema => ({ ...text(description), format: 'date-time' });
export const count = (description?: Words, minimum = 0): JsonSchema => ({
  type: 'integer',
  minimum,
  ...described(description),
});
export const oneOf = (values: readonly string[], description?: Words): JsonSchema => ({
  type: 'string',
  enum: values,
  ...described(description),
});
export const listOf = (items: JsonSchema, description?: Words): JsonSchema => ({
  type: 'array',
  items,
  ...described(description),
});
export const nothing: JsonSchema = { type: 'null' };
export const orNull = (schema: JsonSchema): JsonSchema =>
  typeof schema.type === 'string' && !schema.properties && !schema.enum
    ? { ...schema, type: [schema.type, 'null'] }
    : { anyOf: [schema, nothing] };

/** Newer versions may add members, so a receiver has to bear them. @param optional members that may be absent */
export const object = (properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

const described = (description: Words) => (description === undefined ? {} : { description });
