import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { selectCases } from '../../bench/cases.ts';
import { cpuFromStat } from '../../bench/cpu.ts';
import { AnswerReader } from '../../bench/parts/raw-answer.ts';
import { median, percentile } from '../../bench/statistics.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const SHORT = ['--rounds', '1', '--seconds', '0.1'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const commandOf = (script: string, args: readonly string[]): string[] => [
  join(root, 'build/run-ts.mjs'),
  join(root, 'bench', `${script}.ts`),
  ...args,
];

function bench(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, commandOf(script, args), { cwd: root, timeout: 100_000, env: { ...process.env, ...env } });
}

/** The rows of a case, without that of nginx, which is not everywhere. */
function rowsOf(stdout: string, name: string): string[][] {
  const rows = stdout.split('\n').filter((line) => line.startsWith(`${name} `));
  return rows.map((row) => row.split(/\s+/)).filter(([, target]) => target !== 'nginx');
}

const targets = (rows: string[][]): unknown[] => rows.map(([, target]) => target);

describe('npm run bench', () => {
  it('prints a row of figures for every target of a case, and writes them as JSON and as plots', async () => {
    const json = join(folder, 'new/figures.json');
    const svg = join(folder, 'plots');
    const { stdout } = await bench('run', [...SHORT, '--case', 'legacy-echo-1', '--json', json, '--svg', svg]);
    const rows = rowsOf(stdout, 'legacy-echo-1');
    expect(targets(rows)).toEqual(['proxy', 'direct', 'bare-hub', 'hub']);
    for (const [, , ...figures] of rows) {
      expect(figures.join(' ')).toMatch(/^\d+ \d+\.\d\d \d+\.\d\d–\d+\.\d\d (?:\d+\.\d\d|–) (?:\d+\.\d\d|–) \d+\.\d\d \d+\.\d\d$/);
    }
    expect(rows[0]?.slice(3, 5)).toEqual(['1.00', '1.00–1.00']);

    const results = JSON.parse(readFileSync(json, 'utf8'));
    expect(results).toMatchObject({
      machine: { node: process.versions.node },
      versions: { hub: expect.any(String) },
      rounds: 1,
      cases: expect.arrayContaining([expect.objectContaining({ case: 'legacy-echo-1', target: 'hub', isYardstick: false })]),
    });
    const plot = readFileSync(join(svg, 'calls-legacy.svg'), 'utf8');
    expect(plot).toMatch(/^<svg [^]*<rect [^>]*fill="#2563eb"[^]*>hub \d+\.\d\d<[^]*<\/svg>\n$/);
    expect(plot).not.toContain('NaN');
  });

  it('compares streams with the proxy, pipes with a raw client, and lists with a file', async () => {
    const cases = ['modern-sse-echo-16', 'legacy-1mb-1', 'stdio-1mb-1', 'stdio-sdk-echo-1', 'legacy-list-1', 'modern-list-1'];
    const { stdout } = await bench('run', [...SHORT, '--no-peers', ...cases.flatMap((name) => ['--case', name])]);
    expect(cases.map((name) => targets(rowsOf(stdout, name)))).toEqual([
      ['proxy', 'direct', 'bare-hub', 'hub'],
      ['proxy', 'direct', 'bare-hub', 'hub'],
      ['direct', 'hub'],
      ['direct', 'hub'],
      ['static', 'hub'],
      ['static', 'hub'],
    ]);
  });

  it('takes other hubs along, and goes on without those that cannot be installed', async () => {
    const cache = join(folder, 'cache');
    const peer = join(cache, 'mcp-hub-peers/mcp-hub@4.2.1/node_modules/mcp-hub');
    mkdirSync(peer, { recursive: true, mode: 0o700 });
    // This hub in its place: it takes the same arguments, and offers the same transport beside others.
    writeFileSync(join(peer, 'package.json'), '{ "version": "4.2.1", "type": "module", "bin": { "mcp-hub": "cli.js" } }');
    writeFileSync(join(peer, 'cli.js'), `await import(${JSON.stringify(join(root, 'bin/mcp-hub.js'))});`);
    const env = { XDG_CACHE_HOME: cache, npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };
    const { stdout } = await bench('run', [...SHORT, '--case', 'legacy-sse-echo-16'], env);
    expect(stdout).toMatch(/^legacy-sse-echo-16 +mcp-hub 4\.2\.1 +\d+ /m);
    expect(stdout).toMatch(/^without 1mcp: npm cannot install it: .*ECONNREFUSED/m);
  });

  it('ends all its processes and removes its files when it is interrupted', async () => {
    const own = join(folder, 'interrupted');
    mkdirSync(own);
    const child = spawn(process.execPath, commandOf('run', ['--case', 'legacy-echo-1', '--seconds', '30']), {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: own },
    });
    const ended = once(child, 'exit');
    // Upstream, proxy, hub and load generator at least.
    await vi.waitFor(() => expect(commandLines().filter((line) => line.includes(own)).length).toBeGreaterThanOrEqual(4), 60_000);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(readdirSync(own)).toEqual([]);
    expect(commandLines().filter((line) => line.includes(own))).toEqual([]);
  });

  it('says which cases there are when one is unknown', async () => {
    await expect(bench('run', ['--case', 'nonsense'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('modern-100kb-16'),
    });
  });
});

/** Of all processes (Linux). */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // Expected: a process that ended since it was listed.
        return '';
      }
    });
}

describe('npm run bench:start', () => {
  it('tells start, readiness and memory beside their targets', async () => {
    const { stdout } = await bench('start', ['--rounds', '1']);
    expect(stdout).toMatch(/^ {2}relative to node -e 0 +\d+\.\d\d +\S+ +× +< 1\.5$/m);
    expect(stdout).toMatch(/^the port listens +\d+ +\S+ +ms +< 250$/m);
    expect(stdout).toMatch(/^ {2}more than the slowest alone +-?\d+ +\S+ +ms +≤ 200$/m);
    expect(stdout).toMatch(/^resident memory, idle +\d+ +\S+ +MB +< 80$/m);
  });
});

describe('npm run bench:memory', () => {
  it('tells what each session, client and reader costs', async () => {
    const { stdout } = await bench('memory', ['--rounds', '1', '--part', '0.02']);
    expect(stdout).toMatch(/^100 idle legacy sessions, resident +-?\d+\.\d +\S+ +KB each +≤ 12$/m);
    expect(stdout).toMatch(/^100 idle legacy sessions, heap +\d+\.\d /m);
    expect(stdout).toMatch(/^100 modern clients that were there, resident /m);
    expect(stdout).toMatch(/^20 readers of \/api\/events, resident /m);
  });
});

describe('selectCases', () => {
  const names = (...wanted: string[]): string[] => selectCases(wanted).map(({ name }) => name);

  it('takes every case that has all the parts of a name', () => {
    expect(names('echo-1')).toEqual(['legacy-echo-1', 'modern-echo-1', 'stdio-echo-1', 'stdio-sdk-echo-1']);
    expect(names('stdio-1kb', 'modern-1kb-16')).toEqual(['modern-1kb-16', 'stdio-1kb-1', 'stdio-1kb-16', 'stdio-1kb-64']);
    expect(names('sse')).toEqual(['legacy-sse-echo-16', 'legacy-sse-100kb-16', 'modern-sse-echo-16', 'modern-sse-100kb-16']);
    expect(names()).toHaveLength(47);
  });

  it('takes a few of every kind for the short run, and all when some are named', () => {
    const quick = selectCases([], true).map(({ name }) => name);
    expect(quick.length).toBeLessThan(10);
    expect(['legacy', 'modern', 'sse', 'stdio', 'list', '1mb'].filter((part) => !quick.some((name) => name.includes(part)))).toEqual([]);
    expect(selectCases(['legacy-echo-1'], true)).toHaveLength(1);
  });
});

describe('an answer that is only counted', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nMcp-Session-Id: abc\r\n';
  const WIRES = {
    length: `${HEAD}content-length: 12\r\n\r\nhello, world`,
    chunks: `${HEAD}transfer-encoding: chunked\r\n\r\n7\r\nhello, \r\n5;x=y\r\nworld\r\n0\r\n\r\n`,
  };

  it.each(Object.entries(WIRES))('is complete at its last byte, however it is cut (%s)', (_, wire) => {
    for (let first = 1; first < wire.length - 1; first += 1) {
      const reader = new AnswerReader();
      const parts = [wire.slice(0, first), wire.slice(first, -1)];
      expect(parts.map((part) => reader.read(Buffer.from(part)))).toEqual([undefined, undefined]);
      const answer = reader.read(Buffer.from(wire.slice(-1)));
      expect(answer).toMatchObject({ status: 200, bytes: 12, closes: false });
      expect(answer?.body()).toBe('hello, world');
      expect(answer?.header('mcp-session-id')).toBe('abc');
    }
  });

  it('may have no body, and may be the last one on its connection', () => {
    const answer = new AnswerReader().read(Buffer.from('HTTP/1.1 202 Accepted\r\nconnection: close\r\n\r\n'));
    expect(answer).toMatchObject({ status: 202, bytes: 0, closes: true });
  });
});

describe('figures', () => {
  it('are medians and nearest-rank percentiles', () => {
    expect(median([10, 9, 2])).toBe(9);
    expect(median([4, 10, 1, 2])).toBe(3);
    expect(median([])).toBeNaN();
    expect(
      percentile(
        Array.from({ length: 100 }, (_, at) => 100 - at),
        0.95,
      ),
    ).toBe(95);
    expect(percentile([7], 0.95)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('read the CPU time behind any command name', () => {
    expect(cpuFromStat('42 (a) b (c) S 1 1 1 0 -1 0 0 0 0 0 120 30 7 9 20 0 11 0 5')).toBe(1_500);
  });
});
