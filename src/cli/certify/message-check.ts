import { type Check, verdict } from './check.js';
import type { History } from './history.js';
import type { Message } from './message.js';
import { type Answer, isAccepted } from './sender.js';

type About = Omit<Check, 'run'>;

/** A check that is one message and one answer. */
export function oneMessage({
  message,
  passes,
  ...about
}: About & { message: (history: History) => Message; passes: (answer: Answer) => boolean }): Check {
  return {
    ...about,
    run: async ({ sender, history }) => verdict([await sender.send(message(history))], passes),
  };
}

/** A check of messages one after the other, all of which are to be accepted. */
export function severalMessages({
  messages,
  ...about
}: About & { messages: (history: History) => readonly Message[] }): Check {
  return {
    ...about,
    run: async ({ sender, history }) => {
      const answers: Answer[] = [];
      for (const message of messages(history)) answers.push(await sender.send(message));
      return verdict(answers, isAccepted);
    },
  };
}
