import { randomBytes, randomInt } from 'node:crypto';
import type { Wish } from './sentinels.js';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 40 characters, the most iDenfy's tokens have. */
export function randomToken(): string {
  return Array.from({ length: 40 }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

/** Eight digits of which the first may be 0, unless the wish says otherwise. */
export function randomDigits(wish: Wish | null): string {
  if (wish?.name === 'leading-zero') return `0${digits(7)}`;
  // As a number a leading zero would be lost, and with it the code.
  if (wish?.name === 'number-code') return `${randomInt(1, 10)}${digits(7)}`;
  return digits(wish?.name === 'seven-digits' ? 7 : 8);
}

/** Looks like the presigned address of a photo, so that a leak of one is noticed; leads nowhere. */
export function photoAddress(sessionId: string): string {
  const signature = randomBytes(32).toString('hex');
  return `https://photos.invalid/face/${sessionId}.jpg?X-Amz-Expires=900&X-Amz-Signature=${signature}`;
}

function digits(length: number): string {
  return String(randomInt(10 ** length)).padStart(length, '0');
}
