import { registerDecorator } from 'class-validator';

/** A date, or a date and a time, as ISO 8601 writes them in full; weeks and ordinal days are not understood. */
const shape = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** @returns null for what is no instant; without an offset it is UTC, whatever the machine's own zone is */
export function parseInstant(text: unknown): Date | null {
  const [whole = '', day = '', offset] = typeof text === 'string' ? (shape.exec(text) ?? []) : [];
  const instant = new Date(whole.length > day.length && offset === undefined ? `${whole}Z` : whole);
  const dayExists = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(instant.getTime()) || Number.isNaN(dayExists.getTime())) return null;
  // JavaScript takes 30 February for 2 March.
  return dayExists.toISOString().startsWith(day) ? instant : null;
}

/** A query parameter that is an instant; `instantOf` reads it. */
export function IsInstant(): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'instant',
      target: target.constructor,
      propertyName: property as string,
      options: { message: 'must be a date or a date and time of ISO 8601' },
      validator: { validate: (value) => parseInstant(value) !== null },
    });
}

/** @param text validated by IsInstant, or left out */
export const instantOf = (text: string | undefined): Date | undefined => parseInstant(text) ?? undefined;
