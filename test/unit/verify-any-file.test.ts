/**
 * What `facecode verify` says about files that are not proof, and about files that claim to be proof but are damaged.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { verifyAnyFile } from '../../src/cli/verify-any-file.js';
import { csvHead } from '../../src/journal/export/export-text.js';

const folder = mkdtempSync(join(tmpdir(), 'facecode-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const verdictOn = (content: string | Buffer) => {
  const file = join(folder, 'file');
  writeFileSync(file, content);
  return verifyAnyFile(file, null);
};

it.each([
  ['an empty file', '', 'it is empty'],
  ['a file of blanks', ' \n\n', 'it is empty'],
  ['a text', 'nothing of ours\n', 'it is not an NDJSON export'],
  ['JSON of somebody else', '{"name":"facecode","version":"0.1.0"}', 'it is not an NDJSON export'],
  ['a log in NDJSON', '{"level":30,"position":7}\n{"level":30,"position":8}\n', 'it is not an NDJSON export'],
  ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x0a, 0x00]), 'it is not an NDJSON export'],
  ['the CSV export', `${csvHead}1,evt_1,session.created\r\n`, 'CSV carries no proof'],
  ['the CSV export without events', csvHead, 'CSV carries no proof'],
  ['the CSV export saved by a spreadsheet', `\uFEFF${csvHead.replace('\r', '')}`, 'CSV carries no proof'],
])('says that it cannot verify %s, rather than that the file is falsified', async (_what, content, reason) => {
  expect(await verdictOn(content)).toEqual({ ok: null, reason: expect.stringContaining(reason) });
});

it.each([
  ['an export whose end is missing', '{"id":"evt_1","type":"session.created","position":1}\n'],
  ['an export with a broken first line', '{"id":"evt_1",\n{"id":"evt_2","type":"session.created","position":2}\n'],
  ['evidence that was cut off', '{"kind":"facecode-evidence","version":2,"session":{'],
  ['evidence in which a member occurs twice', '{"kind":"facecode-evidence","version":2,"version":2}'],
  ['a certificate without anything', '{"kind":"facecode-erasure-certificate"}'],
  ['evidence without anything', '{\n  "kind": "facecode-evidence"\n}\n'],
  ['evidence with half a character', '{"kind":"facecode-evidence","version":2,"session":"\\ud800"}'],
  [
    'evidence that is nested too deep',
    `{"kind":"facecode-evidence","session":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
  ],
  ['the proof of an export, rewritten by another program', '{\n  "kind": "facecode-export-proof"\n}\n'],
])('says that %s is not valid, because it claims to be proof', async (_what, content) => {
  expect(await verdictOn(content)).toMatchObject({ ok: false, reason: expect.any(String) });
});
