import type { LoggerService } from '@nestjs/common';
import { type Logger as Pino, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../config/settings.js';
import { logFields } from '../core/log-context.js';

/** Names under which a secret could come near a log; a last net, nothing of the kind is logged on purpose. */
const redacted = [
  'authorization',
  'code',
  'digitString',
  'token',
  'clientToken',
  'secret',
  'apiSecret',
  'key',
  'facePhoto',
];

/** The name of the request's id in every log line, ours and Fastify's. */
export const requestIdLabel = 'requestId';

/** Structured logs on standard output: JSON lines, or readable ones for a terminal. */
export function createLogger({ log }: Pick<Settings, 'log'>): Pino {
  const options = {
    level: log.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Fastify's own lines have the id already.
    mixin: (_line: object, _level: number, logger: Pino) => {
      const { requestId, ...others } = logFields();
      return requestId === undefined || requestIdLabel in logger.bindings() ? others : { requestId, ...others };
    },
    redact: { paths: redacted.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    // The address is logged without its query: a browser's token may be in it.
    serializers: {
      req: (request: { method: string; url: string; id: string }) => ({
        id: request.id,
        method: request.method,
        path: request.url.split('?')[0],
      }),
      res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
    },
  };
  return log.format === 'pretty' ? pino(options, pretty({ sync: true, ignore: 'pid,hostname' })) : pino(options);
}

/** Nest's log of its own start: a line for each module and route, and errors that it also throws. */
const startupContexts = ['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication'];

const isOfStartup = (rest: readonly unknown[]): boolean => startupContexts.includes(String(rest.at(-1)));

/** Nest's own messages and ours, through the same logger. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(isOfStartup(rest) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(isOfStartup(rest) ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest hands the context last, and before it, with an error, the stack. */
  private write(
    level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const text = message instanceof Error ? message.message : String(message);
    this.pino[level](
      { ...(typeof context === 'string' ? { context } : {}), ...(typeof stack === 'string' ? { stack } : {}) },
      text,
    );
  }
}
