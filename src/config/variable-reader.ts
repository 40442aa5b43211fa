import type { Environment } from './environment.js';

/** The result of parsing a variable: a value, or what is wrong with it and what is expected. */
export type Parsed<T> = { value: T } | { fault: string };
export type Parser<T> = (text: string) => Parsed<T>;

/** Reads variables one by one and remembers every fault, so that a start names all of them at once. */
export class VariableReader {
  readonly faults: string[] = [];
  /** variables that must be set but are not */
  readonly missing: string[] = [];

  constructor(private readonly environment: Environment) {}

  isSet(name: string): boolean {
    return this.text(name) !== '';
  }

  /** @returns the stand-in for an unset or wrong variable; if any is wrong, no value is used */
  optional<T, F>(name: string, parse: Parser<T>, fallback: F): T | F {
    const text = this.text(name);
    if (text === '') return fallback;
    const parsed = parse(text);
    if ('value' in parsed) return parsed.value;
    this.fault(name, parsed.fault);
    return fallback;
  }

  required<T>(name: string, parse: Parser<T>, standIn: T, expected: string): T {
    if (!this.isSet(name)) this.faultMissing(name, expected);
    return this.optional(name, parse, standIn);
  }

  /** Records that a required variable is not set. */
  faultMissing(name: string, expected: string, where = ''): void {
    this.missing.push(name);
    this.fault(name, `is not set, ${where}expected ${expected}`);
  }

  fault(name: string, problem: string): void {
    this.faults.push(`${name}: ${problem}`);
  }

  /** White space around a value is never meant: it comes from pasting. */
  private text(name: string): string {
    return this.environment[name]?.trim() ?? '';
  }
}
