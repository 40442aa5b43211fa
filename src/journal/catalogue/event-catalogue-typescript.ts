/** The catalogue as TypeScript, for receivers: they take facecode-events.d.ts, which is what this makes. Pure. */
import { catalogueVersion, describedTypes, eventSchema } from './event-catalogue.js';
import type { JsonSchema } from './event-catalogue-schema.js';

const head = `/**
 * What Facecode sends: webhooks, streams and lists have events of these types. Made from the catalogue (version ${catalogueVersion}) by
 * \`npm run event-types\`; needs nothing else, so it may be copied. Types may be added: have a \`default\` in every switch.
 */

/** What all events have in common. */
interface Envelope<Type, SessionId, AttemptId, Data, Personal = null> {
  /** the same in every delivery: what came before came twice */
  id: string;
  type: Type;
  /** null if the event concerns no single platform; absent in events from before there were platforms */
  platform?: string | null;
  sessionId: SessionId;
  attemptId: AttemptId;
  /** counts per session, from 1, without gaps; null with \`sessionId\` */
  seq: SessionId extends string ? number : null;
  /** counts over the whole journal, from 1, without gaps */
  position: number;
  /** ISO 8601 */
  at: string;
  /** \`name\` and \`owner\` of the API key; only in events of administration and of reviews */
  actor: { kind: 'api-key' | 'client-token' | 'idenfy' | 'system'; id: string; name?: string; owner?: string | null };
  data: Data;
  /** null when there is none or it was erased */
  personal: Personal;
  /** SHA-256 (hex) of \`personal\` in canonical form (RFC 8785); stays when that is erased */
  personalDigest: string | null;
}
`;

const widthMax = 110;

/** The text of facecode-events.d.ts. */
export function receiverTypes(): string {
  const named = new Map<string, string>();
  const types = describedTypes.map((type) => typeText(type, named));
  const shared = [...named].map(([name, text]) => `export type ${name} = ${text};\n`);
  return [head, ...shared, ...types, union()].join('\n');
}

const union = (): string => `/** Any event; its \`type\` tells which. */
export type FacecodeEvent =
  | ${describedTypes.map(nameOf).join('\n  | ')};

/** The event of a type. */
export type EventOf<Type extends FacecodeEvent['type']> = Extract<FacecodeEvent, { type: Type }>;
`;

const nameOf = (type: string): string =>
  `${type.replaceAll(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase())}Event`;

function typeText(type: (typeof describedTypes)[number], named: Map<string, string>): string {
  const { description, properties = {} } = eventSchema(type);
  const { sessionId, attemptId, data, personal } = properties;
  const parts = [`'${type}'`, ...[sessionId, attemptId, data, personal].map((part) => typeOf(part!, '  ', named))];
  if (parts.at(-1) === 'null') parts.pop();
  const text = fits(parts.join(', '), 40) ? `<${parts.join(', ')}>` : `<\n  ${parts.join(',\n  ')}\n>`;
  return `/** ${description} */\nexport type ${nameOf(type)} = Envelope${text};\n`;
}

/** @param named the types of schemas with a title, which stand by themselves; those that are met are added */
function typeOf(schema: JsonSchema, indent: string, named: Map<string, string>): string {
  const { title, ...rest } = schema;
  if (title !== undefined) {
    named.set(title, typeOf(rest, '', named));
    return title;
  }
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, indent, named)).join(' | ');
  if (schema.enum) return schema.enum.map((value) => (value === null ? 'null' : `'${value}'`)).join(' | ');
  const names = [schema.type ?? 'unknown'].flat();
  return names.map((name) => ofType(name, schema, indent, named)).join(' | ');
}

function ofType(name: string, schema: JsonSchema, indent: string, named: Map<string, string>): string {
  if (name === 'integer') return 'number';
  if (name === 'array') return `Array<${typeOf(schema.items ?? {}, indent, named)}>`;
  if (name !== 'object') return name;
  const { properties, required = [], additionalProperties } = schema;
  if (!properties) return `Record<string, ${typeOf(additionalProperties ?? {}, indent, named)}>`;
  const deeper = `${indent}  `;
  const members = Object.entries(properties).map(([member, itsSchema]) => {
    const note = itsSchema.description ? `/** ${itsSchema.description} */` : '';
    return { note, text: `${member}${required.includes(member) ? '' : '?'}: ${typeOf(itsSchema, deeper, named)}` };
  });
  if (members.length === 0) return 'Record<string, unknown>';
  const line = `{ ${members.map(({ note, text }) => (note ? `${note} ${text}` : text)).join('; ')} }`;
  if (fits(line, indent.length)) return line;
  const lines = members.map(({ note, text }) => `${note ? `${deeper}${note}\n` : ''}${deeper}${text};\n`);
  return `{\n${lines.join('')}${indent}}`;
}

const fits = (text: string, indent: number): boolean => !text.includes('\n') && text.length + indent <= widthMax;
