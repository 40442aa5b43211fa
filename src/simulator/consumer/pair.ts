/** The good and the bad consumer that `--consumer` starts, and what is said about them. */
import { randomBytes } from 'node:crypto';
import { type Consumer, startConsumer } from './consumer.js';
import { commonFaults, faults } from './faults.js';

export interface PairOptions {
  host: string;
  /** of the good one; the bad one has the next; 0: free ones */
  port: number;
  /** of the good one, when a real endpoint has given it; null: a new one */
  secret: string | null;
}

export interface Pair {
  greeting: string;
  close(): Promise<void>;
}

export async function startPair({ host, port, secret }: PairOptions): Promise<Pair> {
  const goodSecret = secret ?? newSecret();
  const badSecret = newSecret();
  const good = await startConsumer({ host, port, secret: goodSecret });
  try {
    const badPort = port === 0 ? 0 : port + 1;
    const bad = await startConsumer({ host, port: badPort, secret: badSecret, faults: commonFaults });
    return {
      greeting: `A good consumer of events

${introduce(good, goodSecret)}
A bad one, which

${sins()}
${introduce(bad, badSecret)}`,
      close: async () => void (await Promise.all([good.close(), bad.close()])),
    };
  } catch (error) {
    await good.close();
    throw error;
  }
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

function sins(): string {
  const wrong = faults.filter(({ name }) => commonFaults.includes(name));
  return wrong.map(({ name, does }) => `  ${name.padEnd(24)} ${does}\n`).join('');
}

function introduce({ url, effectsUrl }: Consumer, secret: string): string {
  return `  url      ${url}
  secret   ${secret}
  effects  ${effectsUrl}

  npm run facecode -- certify ${url} --secret ${secret} --effects-url ${effectsUrl}
`;
}
