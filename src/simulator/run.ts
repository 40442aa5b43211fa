/** The simulator as a command. */
import { parseArgs } from 'node:util';
import { type Pair, type PairOptions, startPair } from './consumer/pair.js';
import { formOf, sentenceOf, sentinels } from './sentinels.js';
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator.js';

const help = `Usage: simulator [options]

  --port <number>          4010; 0 for a free one
  --host <address>         127.0.0.1
  --api-key <text>         sim-key
  --api-secret <text>      sim-secret
  --signing-key <text>     sim-signing-key
  --webhook-url <address>  http://127.0.0.1:3000/webhooks/idenfy
  --consumer               beside it two consumers of events, a good one and a bad one, to try deliveries
                           and \`facecode certify\` with
  --consumer-port <number> 4020, the bad one on the next; 0 for free ones
  --consumer-secret <text> whsec_…, of the good one; a new one when it is not given
  --help                   this text
`;

/** @returns the exit code: 0 after a signal, 2 for wrong usage @throws the system's error if it cannot listen */
export async function runSimulator(args: string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${help}`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  return serve(options);
}

/** Serves until a signal comes. */
async function serve(options: Options): Promise<number> {
  const simulator = await startSimulator(options);
  let pair: Pair | null = null;
  try {
    process.stdout.write(greeting(simulator, options));
    if (options.consumers) {
      pair = await startPair(options.consumers);
      process.stdout.write(`\n${pair.greeting}`);
    }
    await stopSignal();
    return 0;
  } finally {
    await pair?.close();
    await simulator.close();
  }
}

interface Options extends SimulatorOptions {
  webhookUrl: string;
  /** null: none */
  consumers: PairOptions | null;
}

function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4010' },
      host: { type: 'string', default: '127.0.0.1' },
      'api-key': { type: 'string', default: 'sim-key' },
      'api-secret': { type: 'string', default: 'sim-secret' },
      'signing-key': { type: 'string', default: 'sim-signing-key' },
      'webhook-url': { type: 'string', default: 'http://127.0.0.1:3000/webhooks/idenfy' },
      consumer: { type: 'boolean', default: false },
      'consumer-port': { type: 'string', default: '4020' },
      'consumer-secret': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const port = readPort('port', values.port);
  const webhookUrl = values['webhook-url'];
  if (!/^https?:/.test(webhookUrl) || !URL.canParse(webhookUrl)) {
    throw new Error(`--webhook-url ${webhookUrl} is no http or https address`);
  }
  for (const name of ['host', 'api-key', 'api-secret', 'signing-key'] as const) {
    if (values[name] === '') throw new Error(`--${name} may not be empty`);
  }
  const consumerPort = readPort('consumer-port', values['consumer-port']);
  const secret = values['consumer-secret'] ?? null;
  if (secret !== null && !/^whsec_[A-Za-z0-9+/]{32,}=*$/.test(secret)) {
    throw new Error('--consumer-secret is no whsec_ and base64');
  }
  return {
    port,
    consumers: values.consumer ? { host: values.host, port: consumerPort, secret } : null,
    host: values.host,
    apiKey: values['api-key'],
    apiSecret: values['api-secret'],
    signingKey: values['signing-key'],
    webhookUrl,
  };
}

function readPort(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new Error(`--${name} ${text} is no port`);
  return Number(text);
}

function greeting({ url }: Simulator, options: SimulatorOptions): string {
  const width = Math.max(...sentinels.map((sentinel) => formOf(sentinel).length));
  const rows = sentinels.map((sentinel) => `  ${formOf(sentinel).padEnd(width)}  ${sentenceOf(sentinel)}`);
  return `The iDenfy simulator, for development only

  ${url}/      what it is, and its sessions
  ${url}/app   plays the iDenfy app
  webhooks go to ${options.webhookUrl}

A scanRef that begins like this asks for trouble; -anything may follow:

${rows.join('\n')}
`;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
