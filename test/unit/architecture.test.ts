/** Holds the source against the picture of the house: who imports whom, who writes states, how long files are. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { queueNames, queueOf } from '../../src/queue/jobs.js';

/** From the top down; a folder imports from lower levels only, and not from its siblings on its own. */
const levels: readonly (readonly string[])[] = [
  ['main.ts'],
  ['app.ts', 'app.module.ts'],
  ['console', 'cli', 'streams', 'webhooks', 'audit', 'privacy'],
  ['sessions', 'deliveries', 'access'],
  ['attempts'],
  ['risk', 'idenfy', 'journal'],
  ['queue', 'http'],
  ['database', 'config'],
  ['core'],
];

/** What leaves the picture on purpose: file, folder, and why. An entry that is no longer needed fails. */
const exceptions: readonly (readonly [file: string, imports: string, because: string])[] = [
  ['database/connect.ts', 'config', 'the type of the settings says what a connection needs'],
  ['database/open.ts', 'config', 'the type of the settings says what opening needs'],
  ['http/readiness.ts', 'queue', 'a service is ready when its queues are'],
  ['http/metrics.ts', 'queue', 'the numbers of waiting jobs are among the metrics'],
  ['http/idempotency-sweep.ts', 'queue', 'the sweep forgets old idempotency keys'],
  ['risk/subject-journal.ts', 'journal', 'the type of an event; the journal itself is handed in'],
  ['risk/subjects.service.ts', 'journal', 'the type of an event'],
  ['http/request-budgets-sweep.ts', 'queue', 'the sweep forgets old request budgets'],
];

const source = new URL('../../src/', import.meta.url);
const tests = new URL('../', import.meta.url);

interface SourceFile {
  /** under src/, with slashes */
  path: string;
  text: string;
  tree: ts.SourceFile;
}

interface Import {
  from: string;
  /** under src/, as `<folder>/<file>.ts` */
  to: string;
  kind: 'value' | 'type' | 'dynamic' | 're-export';
}

const filesIn = (folder: URL): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    // What is made from the source is not the source.
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .sort();

const files: readonly SourceFile[] = filesIn(source).map((path) => {
  const text = readFileSync(new URL(path, source), 'utf8');
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true) };
});

function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** Files with a node of the kind, as `path:line`. */
const where = (has: (node: ts.Node) => boolean, among = files): string[] =>
  among.flatMap(({ path, tree }) =>
    [...nodesOf(tree)].filter(has).map((node) => {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
      return `${path}:${line + 1}`;
    }),
  );

/** What a node imports: the specifier and how, or null. */
function imported(node: ts.Node): { specifier: ts.Expression | ts.TypeNode; kind: Import['kind'] } | null {
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause;
    const names =
      clause?.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : null;
    const onlyTypes = names !== null && !clause?.name && names.length > 0 && names.every((name) => name.isTypeOnly);
    const type = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || onlyTypes;
    return { specifier: node.moduleSpecifier, kind: type ? 'type' : 'value' };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { specifier: node.moduleSpecifier, kind: 're-export' };
  }
  if (ts.isImportTypeNode(node)) return { specifier: node.argument, kind: 'type' };
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { specifier: node.arguments[0]!, kind: 'dynamic' };
  }
  return null;
}

const textOf = (node: ts.Node): string => (ts.isLiteralTypeNode(node) ? textOf(node.literal) : literal(node));
const literal = (node: ts.Node): string => (ts.isStringLiteralLike(node) ? node.text : '?');

const imports: readonly Import[] = files.flatMap(({ path, tree }) =>
  [...nodesOf(tree)].flatMap((node) => {
    const found = imported(node);
    const specifier = found ? textOf(found.specifier) : '';
    if (!found || !specifier.startsWith('.')) return [];
    const to = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
    return [{ from: path, to, kind: found.kind }];
  }),
);

/** The folder under src/, or the file when it lies there itself. */
const partOf = (path: string): string => path.split('/')[0]!;
const levelOf = (part: string): number => levels.findIndex((level) => level.includes(part));
const across = imports.filter(({ from, to }) => partOf(from) !== partOf(to));

describe('the direction of imports', () => {
  it('is checked on imports that were found', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(imports.length).toBeGreaterThan(300);
    expect(imports.filter(({ to }) => !files.some(({ path }) => path === to))).toEqual([]);
    const dynamicOrType = imports.filter(({ kind }) => kind === 'dynamic' || kind === 'type');
    expect(dynamicOrType.length).toBeGreaterThan(50);
  });

  it('knows the level of every part of the source', () => {
    const parts = new Set(files.map(({ path }) => partOf(path)));
    parts.delete('simulator');
    expect([...parts].filter((part) => levelOf(part) === -1)).toEqual([]);
  });

  it('is down only', () => {
    const allowed = ({ from, to }: Import) =>
      partOf(from) === 'cli' ||
      partOf(from) === 'simulator' ||
      levelOf(partOf(from)) < levelOf(partOf(to)) ||
      (partOf(from) === 'app.ts' && to === 'app.module.ts') ||
      exceptions.some(([file, part]) => file === from && part === partOf(to));
    const upwards = across.filter((edge) => !allowed(edge)).map(({ from, to }) => `${from} → ${to}`);
    expect(upwards).toEqual([]);
  });

  it('has no exception that nobody needs', () => {
    const unused = exceptions.filter(
      ([file, part]) =>
        levelOf(partOf(file)) < levelOf(part) || !across.some(({ from, to }) => from === file && partOf(to) === part),
    );
    expect(unused).toEqual([]);
  });

  it('needs of the settings only their type where it goes sideways', () => {
    const sideways = across.filter(({ from, to }) => partOf(from) === 'database' && partOf(to) === 'config');
    expect(sideways.map(({ to, kind }) => [to, kind])).toEqual(sideways.map(() => ['config/settings.ts', 'type']));
  });

  it('never makes a circle of files', () => {
    const edges = new Map<string, string[]>();
    for (const { from, to, kind } of imports) {
      if (kind !== 'type') edges.set(from, [...(edges.get(from) ?? []), to]);
    }
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (trail.includes(path) || done.has(path)) return;
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const { path } of files) visit(path, []);
    expect(circles).toEqual([]);
  });
});

describe('the simulator', () => {
  const outwards = across.filter(({ from }) => partOf(from) === 'simulator');
  const inwards = across.filter(({ to }) => partOf(to) === 'simulator');

  it('shares nothing with the service but the contract', () => {
    expect(new Set(outwards.map(({ to }) => to))).toEqual(new Set(['idenfy/contract.ts']));
  });

  it('is imported by the command line only', () => {
    expect(inwards.filter(({ from }) => partOf(from) !== 'cli')).toEqual([]);
    expect(inwards.length).toBeGreaterThan(0);
  });

  it('is loaded when it is asked for, so that the service never does', () => {
    expect(inwards.filter(({ kind }) => kind !== 'dynamic' && kind !== 'type')).toEqual([]);
  });
});

describe('the source', () => {
  it('reads process.env in src/config/environment.ts and nowhere else', () => {
    const readsEnvironment = (node: ts.Node): boolean => {
      if (ts.isPropertyAccessExpression(node)) return node.getText() === 'process.env';
      if (ts.isElementAccessExpression(node)) return /^process\[['"`]env/.test(node.getText());
      if (ts.isImportDeclaration(node)) return /^(node:)?process$/.test(literal(node.moduleSpecifier));
      return ts.isVariableDeclaration(node) && node.initializer?.getText() === 'process';
    };
    expect(where(readsEnvironment).map((at) => at.split(':')[0])).toEqual(['config/environment.ts']);
  });

  it('needs no forwardRef', () => {
    expect(where((node) => ts.isIdentifier(node) && node.text === 'forwardRef')).toEqual([]);
  });

  it('has no barrel files', () => {
    expect(files.filter(({ path }) => posix.basename(path) === 'index.ts').map(({ path }) => path)).toEqual([]);
    const everything = (node: ts.Node) => ts.isExportDeclaration(node) && !node.exportClause && !!node.moduleSpecifier;
    expect(where(everything)).toEqual([]);
  });

  it('has no any', () => {
    expect(where((node) => node.kind === ts.SyntaxKind.AnyKeyword)).toEqual([]);
  });

  it('keeps no state in modules', () => {
    const mutable = (node: ts.Node) =>
      ts.isVariableStatement(node) &&
      ts.isSourceFile(node.parent) &&
      (node.declarationList.flags & ts.NodeFlags.BlockScoped) !== ts.NodeFlags.Const;
    expect(where(mutable)).toEqual([]);
  });

  it('is in short files: half of them up to 90 lines, none over 300', () => {
    const lengths = files.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
    const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(90);
    expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
  });

  it('calls no store from a controller or a processor', () => {
    // A type is gone when the code runs, so it calls nothing.
    const past = imports.filter(
      ({ from, to, kind }) => /\.(controller|processor)\.ts$/.test(from) && to.endsWith('.store.ts') && kind !== 'type',
    );
    expect(past.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });
});

describe('states and statuses', () => {
  const store = 'attempts/attempts.store.ts';

  /** SQL that sets a state or a status of an attempt or a session, as text. */
  const settingStatements = (file: SourceFile): string[] =>
    [...nodesOf(file.tree)]
      .filter((node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))
      .map((node) => node.getText())
      .filter((sql) => {
        const columns = /\bupdate\s+(?:only\s+)?"?(?:attempts|sessions)"?\s[\s\S]*?\bset\b([\s\S]*)/i.exec(sql)?.[1];
        return columns !== undefined && /\b(state|status)"?\s*=/.test(columns.split(/\bwhere\b/i)[0]!);
      });

  /** Drizzle's `update(…)` and `insert(…)` of the two tables. */
  const builderCalls = (method: string) => (node: ts.Node) =>
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === method &&
    /^(schema\.)?(attempts|sessions)$/.test(node.arguments[0]?.getText() ?? '');

  it('are set in the store of the attempts only', () => {
    expect(files.filter((file) => settingStatements(file).length > 0).map(({ path }) => path)).toEqual([store]);
  });

  it('are set there in two statements, guarded by the former state and the version', () => {
    const statements = settingStatements(files.find(({ path }) => path === store)!);
    expect(
      statements.map((sql) =>
        sql
          .split(/\bwhere\b/)[1]
          ?.replaceAll(/\s+/g, ' ')
          .replace(/[`'].*$/, '')
          .trim(),
      ),
    ).toEqual(['id = $1 and state = $2 and version = $3', 'id = $1 and status = $2 and version = $3']);
  });

  it('are not set by the query builder', () => {
    const sets = (node: ts.Node) =>
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      node.expression.name.text === 'set' &&
      builderCalls('update')(node.expression.expression) &&
      !(
        ts.isObjectLiteralExpression(node.arguments[0]!) &&
        node.arguments[0].properties.every(
          (property) => property.name && !['state', 'status'].includes(property.name.getText().replaceAll(/['"]/g, '')),
        )
      );
    expect(where(sets)).toEqual([]);
  });

  it('begin in the store of the attempts only', () => {
    const begun = where(builderCalls('insert')).map((at) => at.split(':')[0]);
    expect([...new Set(begun)]).toEqual([store]);
    const inSql = files.filter(({ text }) => /\binsert\s+into\s+(attempts|sessions)\b/i.test(text));
    expect(inSql.map(({ path }) => path)).toEqual([]);
  });
});

describe('the jobs', () => {
  /** The queue of a processor, and the names its `process` tells apart; null when it takes whatever comes. */
  const processors = files
    .filter(({ path }) => path.endsWith('.processor.ts'))
    .map(({ path, tree }) => {
      const nodes = [...nodesOf(tree)];
      const decorators = nodes
        .filter(ts.isDecorator)
        .map(({ expression }) => expression)
        .filter(ts.isCallExpression);
      const processor = decorators.find(({ expression }) => expression.getText() === 'Processor');
      const choice = nodes.filter(ts.isSwitchStatement).find(({ expression }) => expression.getText() === 'job.name');
      const cases =
        choice?.caseBlock.clauses.filter(ts.isCaseClause).map(({ expression }) => literal(expression)) ?? null;
      return { path, queue: literal(processor!.arguments[0]!), cases };
    });

  it('go through queues that have one processor each', () => {
    expect(processors.map(({ queue }) => queue).sort()).toEqual([...queueNames].sort());
  });

  it.each(Object.entries(queueOf))('include %s, which exactly one processor handles, that of %s', (job, queue) => {
    const alone = Object.values(queueOf).filter((other) => other === queue).length === 1;
    const handlers = processors.filter(({ queue: takes, cases }) => cases?.includes(job) ?? (alone && takes === queue));
    expect(handlers.map(({ queue: takes }) => takes)).toEqual([queue]);
  });

  it('are all that a processor tells apart', () => {
    const strange = processors.flatMap(({ path, cases }) =>
      (cases ?? []).filter((name) => !(name in queueOf)).map((name) => `${path}: ${name}`),
    );
    expect(strange).toEqual([]);
  });
});

it('no test keeps the others from running', () => {
  const alone = filesIn(tests).filter((path) => {
    const text = readFileSync(new URL(path, tests), 'utf8');
    return /\.only\(|\.only\.each|\b(fit|fdescribe)\(/.test(text);
  });
  expect(alone).toEqual([]);
});
