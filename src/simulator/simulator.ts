/**
 * iDenfy, as far as its public pages tell, to develop and test against. It shares the contract with the service and
 * nothing else: no settings, no environment, no other module of ours. It must never be part of the service.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import { basicAuth } from './basic-auth.js';
import { developmentRoutes } from './development.routes.js';
import { IdentificationWishes } from './identification-wishes.js';
import { Identifications, type IdentifyAnswer, type IdentifyRequest } from './identifications.js';
import { type Ledger, LedgerBook } from './ledger.js';
import { Outage, type OutageMode } from './outage.js';
import { providerRoutes } from './provider.routes.js';
import { RequestRecorder } from './request-recorder.js';
import { type SelfieAnswer, type SelfieRequest, takeSelfie } from './selfie.js';
import { Sessions } from './sessions.js';
import { sendTestMessage } from './test-message.js';
import { Timers } from './timers.js';
import { Verdicts } from './verdicts.js';
import { type Resending, WebhookSender } from './webhook-sender.js';

export interface SimulatorOptions {
  /** 0 or absent: a free one */
  port?: number;
  host?: string;
  apiKey: string;
  apiSecret: string;
  signingKey: string;
  /** null: no webhook is sent until `setWebhookUrl` */
  webhookUrl: string | null;
  /** absent: as iDenfy does at most, 10 times 10 s apart */
  resend?: Resending;
}

export interface Simulator {
  readonly url: string;
  readonly port: number;
  readonly ledger: Ledger;
  setWebhookUrl(url: string | null): void;
  /** The same as POST /app/selfie; a refusal is the answer, not an exception. */
  selfie(body: SelfieRequest): Promise<SelfieAnswer>;
  /** The same as POST /app/identify. */
  identify(body: IdentifyRequest): Promise<IdentifyAnswer>;
  /** The same as POST /app/outage: from now on every endpoint of iDenfy's fails like this. */
  setOutage(mode: OutageMode): void;
  /** Calls off every timer, resending and held answer. */
  close(): Promise<void>;
}

const defaultResending: Resending = { times: 10, everyMilliseconds: 10_000 };

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const book = new LedgerBook();
  const timers = new Timers();
  const sender = new WebhookSender(
    options.signingKey,
    options.webhookUrl,
    options.resend ?? defaultResending,
    book,
    timers,
  );
  const sessions = new Sessions(timers, (session) => void verdicts.give(session, 'EXPIRED'));
  const verdicts = new Verdicts(sessions, sender, timers);
  const identifications = new Identifications(sender, timers);
  const ledger = book.over(sessions.all, identifications.all);
  const selfie = (body: unknown) => takeSelfie(body, sessions, verdicts);

  const recorder = new RequestRecorder(book);
  const app = Fastify({ forceCloseConnections: true });
  answerFaultsInJson(app);
  const outage = new Outage();
  const identify = (body: unknown) => identifications.identify(body);
  const testMessage = () => sendTestMessage(sender);
  developmentRoutes(app, {
    ledger,
    selfie,
    identify,
    outage: (body) => outage.play(body),
    'test-message': testMessage,
  });
  app.register(async (scope) => {
    recorder.watch(scope);
    outage.befall(scope);
    scope.addHook('onRequest', basicAuth(options.apiKey, options.apiSecret));
    const identificationWishes = new IdentificationWishes();
    providerRoutes(scope, { sessions, identifications, identificationWishes, verdicts, timers, recorder });
  });
  const url = await app.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });

  return {
    url,
    port: Number(new URL(url).port),
    ledger,
    setWebhookUrl: (webhookUrl) => void (sender.url = webhookUrl),
    selfie: async (body) => selfie(body),
    identify: async (body) => identify(body),
    setOutage: (mode) => void (outage.mode = mode),
    close: async () => {
      timers.close();
      await sender.close();
      await app.close();
    },
  };
}

function answerFaultsInJson(app: FastifyInstance): void {
  app.setNotFoundHandler(async (_, reply) => reply.code(404).send({ message: 'Not found' }));
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _, reply) =>
    reply.code(error.statusCode ?? 500).send({ identifier: 'BAD_VALUE', message: error.message }),
  );
}
