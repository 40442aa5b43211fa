/**
 * How long auditors wait: search, summary, sessions and events over HTTP, on a PostgreSQL of its own (fsync on), with a
 * tenth of the attempts and with all of them, side by side.
 *
 *   node test/bench/audit.bench.mjs --attempts 1000000
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { loadTypeScript } from '../support/typescript-loader.mjs';
import { fillHistory, rareAddress } from './audit-history.mjs';

loadTypeScript();
const { startPostgres, createDatabase } = await import('../support/postgres.ts');
const { startServiceProcess } = await import('../support/service-process.ts');

const { values } = parseArgs({ options: { attempts: { type: 'string', default: '1000000' } } });
const large = Number(values.attempts);
const pageLength = 50;
const deepPage = 10_000;
const timesMax = 60;
const secondsMax = 6;

const now = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000);
const daysAgo = (days) => new Date(now.getTime() - days * 86_400_000).toISOString();

/** What is asked: `where` is the same filter in SQL, by which the end of the page before the deep one is found. */
const questions = [
  { name: 'attempts', path: 'attempts', table: 'attempts', where: 'true' },
  { name: 'attempts by state', path: 'attempts?state=retry', table: 'attempts', where: `state = 'retry'` },
  {
    name: 'attempts by outcome',
    path: 'attempts?outcome=EXPIRED',
    table: 'attempts',
    where: `outcome->>'status' = 'EXPIRED'`,
  },
  {
    name: 'attempts by failReason, common',
    path: 'attempts?failReason=FACE_MISMATCH',
    table: 'attempts',
    where: `outcome->>'failReason' = 'FACE_MISMATCH'`,
  },
  {
    name: 'attempts by failReason, rare',
    path: 'attempts?failReason=VIRTUAL_CAMERA',
    table: 'attempts',
    where: `outcome->>'failReason' = 'VIRTUAL_CAMERA'`,
  },
  {
    name: 'attempts by signal, 2 %',
    path: 'attempts?signal=too-fast',
    table: 'attempts',
    where: `signals @> '{too-fast}'`,
  },
  {
    name: 'attempts by signal, 0.05 %',
    path: 'attempts?signal=conflict',
    table: 'attempts',
    where: `signals @> '{conflict}'`,
  },
  {
    name: 'attempts by scanRef',
    path: 'attempts?scanRef=subject-7',
    table: 'attempts',
    where: `scan_ref = 'subject-7'`,
  },
  { name: 'attempts by ip, 0.1 %', path: `attempts?ip=${rareAddress}`, table: null },
  {
    name: 'attempts of one day, 20 days ago',
    path: `attempts?from=${daysAgo(20)}&to=${daysAgo(19)}`,
    table: 'attempts',
    where: `created_at >= '${daysAgo(20)}' and created_at < '${daysAgo(19)}'`,
  },
  {
    name: 'attempts: state, reason, signal, ten days',
    path: `attempts?state=retry&failReason=FACE_MISMATCH&signal=too-fast&from=${daysAgo(20)}&to=${daysAgo(10)}`,
    table: 'attempts',
    where: `state = 'retry' and outcome->>'failReason' = 'FACE_MISMATCH' and signals @> '{too-fast}'
      and created_at >= '${daysAgo(20)}' and created_at < '${daysAgo(10)}'`,
  },
  { name: 'sessions', path: 'sessions', table: 'sessions', where: 'true' },
  { name: 'sessions by status', path: 'sessions?status=failed', table: 'sessions', where: `status = 'failed'` },
  {
    name: 'sessions before 20 days ago',
    path: `sessions?createdBefore=${daysAgo(20)}`,
    table: 'sessions',
    where: `created_at < '${daysAgo(20)}'`,
  },
  { name: 'events', path: 'events', table: 'events', where: 'true' },
  { name: 'events by type', path: 'events?type=attempt.retry', table: 'events', where: `type = 'attempt.retry'` },
  {
    name: 'events by two types, one rare',
    path: 'events?type=subject.locked,attempt.void',
    table: 'events',
    where: `type in ('subject.locked', 'attempt.void')`,
  },
  { name: 'events of a session', path: 'events?sessionId=', table: null },
  { name: 'a subject', path: 'subjects/subject-7', table: null },
  {
    name: 'summary of a day by the hour',
    path: `attempts/summary?bucket=hour&from=${daysAgo(2)}&to=${daysAgo(1)}`,
    table: null,
  },
  {
    name: 'summary of 30 days by the day',
    path: `attempts/summary?bucket=day&from=${daysAgo(30)}&to=${daysAgo(0)}`,
    table: null,
  },
];

/** @returns milliseconds as `p50 / p99`, by the name of the question */
async function measure(server, attempts) {
  const { url, drop } = await createDatabase(server.url);
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const service = await startServiceProcess({ DATABASE_URL: url, ROLES: 'api', LOG_LEVEL: 'error' });
  try {
    const began = Date.now();
    await fillHistory(pool, { attempts, until: now, days: 30 });
    console.log(`${attempts} attempts and as many events written in ${Math.round((Date.now() - began) / 1000)} s`);
    const get = async (path) => {
      const answer = await fetch(`${service.url}/v1/${path}`, {
        headers: { authorization: `Bearer ${service.adminKey}` },
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${text}`);
      return JSON.parse(text);
    };
    const results = new Map();
    for (const { name, path, table, where } of questions) {
      const asked = path.endsWith('sessionId=') ? `${path}${await middleSession(pool)}` : path;
      results.set(name, await timed(() => get(asked)));
      const end = table && (await pageEnd(pool, table, where));
      if (!end) continue;
      const deep = `${asked}${asked.includes('?') ? '&' : '?'}${end.parameter}`;
      results.set(`${name}, page ${end.page === deepPage ? deepPage : 'in the middle'}`, await timed(() => get(deep)));
    }
    return results;
  } finally {
    await service.stop();
    await pool.end();
    await drop();
  }
}

/** Where page 10,000 begins, or the page in the middle where there are fewer. */
async function pageEnd(pool, table, where) {
  const { rows: counted } = await pool.query(`select count(*)::int as n from ${table} where ${where}`);
  const pages = Math.floor(counted[0].n / pageLength);
  if (pages < 3) return null;
  const page = pages > deepPage ? deepPage : Math.floor(pages / 2);
  const order = table === 'events' ? 'position' : 'created_at desc, id desc';
  const { rows } = await pool.query(`select * from ${table} where ${where} order by ${order} offset $1 limit 1`, [
    page * pageLength - 1,
  ]);
  const { position, created_at: at, id } = rows[0];
  if (table === 'events') return { page, parameter: `after=${position}` };
  return { page, parameter: `cursor=${Buffer.from(`${at.getTime()}.${id}`).toString('base64url')}` };
}

async function middleSession(pool) {
  const { rows } = await pool.query(
    'select session_id as id from events where position = (select max(position) / 2 from events)',
  );
  return rows[0].id;
}

async function timed(ask) {
  for (let warm = 0; warm < 3; warm += 1) await ask();
  const milliseconds = [];
  const until = performance.now() + secondsMax * 1000;
  while (milliseconds.length < timesMax && performance.now() < until) {
    const began = performance.now();
    await ask();
    milliseconds.push(performance.now() - began);
  }
  milliseconds.sort((a, b) => a - b);
  const at = (fraction) => milliseconds[Math.min(milliseconds.length - 1, Math.floor(fraction * milliseconds.length))];
  return { p50: at(0.5), p99: at(0.99) };
}

const shown = (result) => (result ? `${result.p50.toFixed(1)} / ${result.p99.toFixed(1)}` : '–').padStart(16);

const server = await startPostgres();
try {
  const small = Math.max(1, Math.round(large / 10));
  const before = await measure(server, small);
  const after = await measure(server, large);
  console.log(
    `\n${'milliseconds over HTTP, p50 / p99'.padEnd(62)}${`${small}`.padStart(16)}${`${large}`.padStart(16)}`,
  );
  for (const name of new Set([...after.keys(), ...before.keys()])) {
    console.log(`${name.padEnd(62)}${shown(before.get(name))}${shown(after.get(name))}`);
  }
} finally {
  await server.remove();
}
