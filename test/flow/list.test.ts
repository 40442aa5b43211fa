import { expect, it } from '@jest/globals';
import { onEveryStore } from '../support/world.js';
import { type SessionBody } from '../support/client.js';

interface Page {
  data: SessionBody[];
  nextCursor: string | null;
}

onEveryStore('listing sessions', (world) => {
  const list = async (query: string) => (await world().client.get(`/v1/sessions?${query}`).expect(200)).body as Page;

  it('pages from the newest to the oldest, each session once, also while new ones come', async () => {
    const { client } = world();
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift((await client.create('list-pages', { reference: `r-${n}` })).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page: Page = await list(
        `scanRef=list-pages&limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.nextCursor;
      pages += 1;
      if (pages === 1) await client.create('list-pages');
    } while (cursor);
    expect(seen).toEqual(made);
    expect(pages).toBe(3);
  });

  it('never shows a code', async () => {
    const session = await world().client.create('list-no-code', { channels: ['code', 'web', 'sdk'] });
    const text = JSON.stringify(await list('scanRef=list-no-code'));
    for (const secret of [session.attempt!.code!, session.attempt!.token!, session.clientToken!]) {
      expect(text).not.toContain(secret);
    }
  });

  it('filters by status, scanRef, reference and time', async () => {
    const { client } = world();
    const one = await client.create('list-filter', { reference: 'mine' });
    const two = await client.create('list-filter', { reference: 'yours' });
    await client.post(`/v1/sessions/${two.id}/cancel`).expect(200);
    const ids = async (query: string) => (await list(`scanRef=list-filter&${query}`)).data.map(({ id }) => id);
    expect(await ids('status=canceled')).toEqual([two.id]);
    expect(await ids('status=active')).toEqual([one.id]);
    expect(await ids('reference=mine')).toEqual([one.id]);
    expect(await ids('reference=nobody')).toEqual([]);
    const { body } = await client.get(`/v1/sessions/${two.id}`);
    const between = (body as { createdAt: string }).createdAt;
    expect(await ids(`createdAfter=${between}`)).toEqual([two.id]);
    expect(await ids(`createdBefore=${between}`)).toEqual([one.id]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=ten', 'limit'],
    ['status=open', 'status'],
    ['createdAfter=yesterday', 'createdAfter'],
    ['createdAfter=2026-W01', 'createdAfter'],
    ['createdAfter=2026-001', 'createdAfter'],
    ['createdAfter=2026-02-30', 'createdAfter'],
    ['createdAfter=20260101T000000Z', 'createdAfter'],
    ['cursor=nonsense', 'cursor'],
    ['offset=5', 'offset'],
    ['status=active&status=failed', 'status'],
  ])('refuses ?%s', async (query, field) => {
    const answer = await world().client.get(`/v1/sessions?${query}`).expect(400);
    const { errors } = answer.body as { errors: { field: string }[] };
    expect(errors.map((error) => error.field)).toContain(field);
  });
});
