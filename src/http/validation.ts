import { ValidationPipe } from '@nestjs/common';
import {
  IsIn,
  registerDecorator,
  ValidateBy,
  type ValidateByOptions,
  type ValidationError,
  type ValidationOptions,
} from 'class-validator';
import { type FieldError, Problem } from '../core/errors.js';
import { allPlatforms, isOnePlatform, platformRule } from '../core/platform.js';

/** Refuses unknown fields. A missing field gets the default of its class. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => invalid(flatten(errors)),
  });
}

export function invalid(errors: readonly FieldError[]): Problem {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new Problem('invalid-request', { errors, ...(detail ? { detail } : {}) });
}

function flatten(errors: readonly ValidationError[], path = ''): FieldError[] {
  return errors.flatMap(({ property, constraints, children }) => {
    const field = path ? `${path}.${property}` : property;
    // Decorators apply from the field upwards; the topmost says what it has to be at all, and so what is wrong first.
    const own = Object.values(constraints ?? {})
      .slice(-1)
      .map((message) => ({ field, message }));
    return [...own, ...flatten(children ?? [], field)];
  });
}

/** Control characters have no business in names and references, and PostgreSQL cannot keep U+0000. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controls = /[\u0000-\u001f\u007f]/;

export function isPlainText(value: unknown, min: number, max: number): value is string {
  return (
    typeof value === 'string' &&
    value.length >= min &&
    value.length <= max &&
    !controls.test(value) &&
    value.isWellFormed()
  );
}

/** A string of so many characters without control characters or broken surrogates. */
export function PlainText(min: number, max: number, options?: ValidationOptions): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'plainText',
      target: target.constructor,
      propertyName: property as string,
      options: { message: `must be text of ${min} to ${max} characters without control characters`, ...options },
      validator: { validate: (value) => isPlainText(value, min, max) },
    });
}

/**
 * One word of a closed list. A misspelled word is refused, because as a filter it would silently find nothing. The
 * message lists the known words.
 */
export const OneOf = (words: readonly string[]): PropertyDecorator =>
  IsIn(words, { message: `must be one of ${words.join(', ')}` });

/** Like OneOf, for each item of a list. */
export const EachOneOf = (words: readonly string[]): PropertyDecorator =>
  IsIn(words, { each: true, message: `each must be one of ${words.join(', ')}` });

/** The name of one platform. */
export const IsOnePlatform = (): PropertyDecorator => ValidateBy(platformValidator(platformRule, isOnePlatform));

/** The name of one platform, or `*` for all platforms. */
export const IsPlatform = (): PropertyDecorator =>
  ValidateBy(
    platformValidator(
      `${platformRule}, or be "*" for all platforms`,
      (name) => name === allPlatforms || isOnePlatform(name),
    ),
  );

const platformValidator = (message: string, validate: (name: unknown) => boolean): ValidateByOptions => ({
  name: 'platform',
  validator: { validate, defaultMessage: () => message },
});

/** PostgreSQL cannot store U+0000 or half of a surrogate pair. All other control characters are allowed. */
const isAnyText = (value: unknown, max: number): boolean =>
  typeof value === 'string' && value.length <= max && !value.includes('\u0000') && value.isWellFormed();

/**
 * A flat object whose values are texts. The number of members and all lengths are limited. Names must not contain
 * control characters. Values may contain them, for example line breaks and tabs.
 */
export function TextMap(members: number, keyLength: number, valueLength: number): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'textMap',
      target: target.constructor,
      propertyName: property as string,
      options: {
        message: `must be an object of at most ${members} texts, names up to ${keyLength}, values up to ${valueLength} characters; names without control characters, values without U+0000`,
      },
      validator: {
        validate: (value: unknown) =>
          typeof value === 'object' &&
          value !== null &&
          !Array.isArray(value) &&
          Object.keys(value).length <= members &&
          Object.entries(value).every(([key, text]) => isPlainText(key, 1, keyLength) && isAnyText(text, valueLength)),
      },
    });
}
