/** Parsers of plain values. Their faults quote what was given, so nothing secret goes through the quoting ones. */
import { BlockList, isIP } from 'node:net';
import type { Parsed, Parser } from './variable-reader.js';

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

export const anyText: Parser<string> = (text) => ({ value: text });

export function integer(min: number, max: number): Parser<number> {
  return number(min, max, /^\d{1,9}$/, 'an integer');
}

export function decimal(min: number, max: number): Parser<number> {
  return number(min, max, /^\d{1,9}(\.\d{1,9})?$/, 'a number');
}

function number(min: number, max: number, shape: RegExp, kind: string): Parser<number> {
  return (text) => {
    const value = Number(text);
    if (shape.test(text) && value >= min && value <= max) return { value };
    return { fault: `${quoted(text)} is not usable, expected ${kind} from ${min} to ${max}` };
  };
}

export function oneOf<const T extends string>(choices: readonly T[]): Parser<T> {
  return (text) => {
    const value = choices.find((choice) => choice === text);
    if (value !== undefined) return { value };
    return { fault: `${quoted(text)} is not usable, expected ${choices.join(', ')}` };
  };
}

/** Comma-separated; the first faulty item makes the fault of the whole. */
export function listOf<T>(parse: Parser<T>): Parser<T[]> {
  return (text) => {
    const values: T[] = [];
    for (const item of text.split(',').map((part) => part.trim())) {
      const parsed: Parsed<T> = item === '' ? { fault: 'has an empty item, expected a comma list' } : parse(item);
      if ('fault' in parsed) return parsed;
      values.push(parsed.value);
    }
    return { value: values };
  };
}

export const hostname: Parser<string> = (text) =>
  /^[\w.:%-]+$/.test(text)
    ? { value: text }
    : { fault: `${quoted(text)} is not usable, expected a host name or an IP address` };

/** A block of addresses, for example 10.0.0.0/8 or fd00::/8. */
export const cidr: Parser<string> = (text) => {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  const fault = `${quoted(text)} is not usable, expected CIDRs such as 10.0.0.0/8, 192.0.2.7/32 or fd00::/8`;
  if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) return { fault };
  try {
    new BlockList().addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
    return { value: text };
  } catch {
    return { fault };
  }
};

/** The name of a key in a C2SP signed note: neither blanks nor a plus sign. */
export const noteName: Parser<string> = (text) =>
  /^[^\s+]{1,200}$/.test(text)
    ? { value: text }
    : { fault: `${quoted(text)} is not usable, expected a name such as example.com/journal` };
