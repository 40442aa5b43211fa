import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { eventCatalogue, eventExample } from '../../src/journal/catalogue/event-catalogue.js';
import { receiverTypes } from '../../src/journal/catalogue/event-catalogue-typescript.js';
import { eventWebhooks } from '../../src/journal/catalogue/event-catalogue-webhooks.js';
import { eventTypes } from '../../src/journal/event-types.js';
import { repository } from '../support/ensure-built.js';
import { eventCheck } from '../support/event-schemas.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const declarations = join(repository, 'src/journal/catalogue/facecode-events.d.ts');

describe('the catalogue of events', () => {
  it('has every type', () => {
    expect(Object.keys(eventCatalogue).toSorted()).toEqual(eventTypes.toSorted());
  });

  it.each(Object.keys(eventCatalogue) as (keyof typeof eventCatalogue)[])('has an example of %s that fits', (type) => {
    expect(eventCheck()({ ...eventExample(type), type })).toBe(null);
  });

  it('is strict enough to find what does not fit', () => {
    const check = eventCheck();
    const passed = eventExample('attempt.passed') as { type: string; data: object };
    expect(check({ ...passed, data: { ...passed.data, code: '12345678' } } as never)).toMatch(/additional properties/);
    expect(check({ ...passed, data: {} } as never)).toMatch(/must have required property 'outcome'/);
    expect(check({ ...passed, sessionId: null } as never)).toMatch(/must be string/);
    expect(check({ type: 'session.exploded' })).toMatch(/not in the catalogue/);
  });

  it('says of each type how it is delivered', () => {
    const webhooks = eventWebhooks() as Record<
      string,
      { post: { parameters: { name: string }[]; requestBody: object } }
    >;
    expect(Object.keys(webhooks)).toEqual(Object.keys(eventCatalogue));
    const { parameters, requestBody } = webhooks['attempt.retry']!.post;
    expect(parameters.map(({ name }) => name)).toEqual(['webhook-id', 'webhook-timestamp', 'webhook-signature']);
    expect(requestBody).toMatchObject({ content: { 'application/json': { example: { type: 'attempt.retry' } } } });
  });
});

describe('the types for receivers', () => {
  it('are those of the catalogue: `npm run event-types` makes them', () => {
    expect(readFileSync(declarations, 'utf8')).toBe(receiverTypes());
  });

  /** The compiler's messages about a receiver in a separate folder, with the types copied as README.md says. */
  const compile = (source: string): string[] => {
    const folder = temporaryFolder('receiver');
    try {
      const file = join(folder, 'receiver.ts');
      copyFileSync(
        join(repository, 'src/journal/catalogue/facecode-events.d.ts'),
        join(folder, 'facecode-events.d.ts'),
      );
      writeFileSync(file, source);
      const { NodeNext: module } = ts.ModuleKind;
      const { NodeNext: moduleResolution } = ts.ModuleResolutionKind;
      const program = ts.createProgram([file], { module, moduleResolution, strict: true, noEmit: true, types: [] });
      return ts.getPreEmitDiagnostics(program).map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  const receiver = (body: string) => `
    import type { EventOf, FacecodeEvent } from './facecode-events.js';
    export function handle(event: FacecodeEvent): string | null {
      switch (event.type) {
        case 'attempt.retry':
          return ${body};
        case 'risk.flagged':
          return event.sessionId;
        case 'webhook.quarantined':
          return event.data.webhookId;
        default:
          return null;
      }
    }
    export const seqOf = (event: EventOf<'session.passed'>): number => event.seq;`;

  it('tell by the type of an event what is in it', () => {
    expect(compile(receiver('event.data.outcome.failReason ?? event.personal?.selfieIp ?? null'))).toEqual([]);
  });

  it('know what is not in it', () => {
    expect(compile(receiver('event.data.code'))).toEqual([expect.stringMatching(/'code' does not exist/)]);
  });
});
