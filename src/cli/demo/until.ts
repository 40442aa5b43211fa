import { setTimeout as pause } from 'node:timers/promises';

const deadlineSeconds = 30;

/** Asks again until there is an answer. @throws Error after 30 s */
export async function until<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + deadlineSeconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${deadlineSeconds} s in vain for ${what}`);
    await pause(50);
  }
}
