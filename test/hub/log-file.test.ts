import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger, type LogRecord, Secret, systemClock } from '../../src/base/index.ts';
import { LogFile } from '../../src/hub/index.ts';

let root: string;
/** For a busy machine; a wait ends as soon as it can. */
const patience = { timeout: 8_000 };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mcp-hub-log-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});

function openLog(dir = join(root, 'state', 'logs')) {
  const problems: string[] = [];
  const file = new LogFile({ dir, pid: 4711, clock: systemClock, onProblem: (message) => problems.push(message) });
  return { dir, file, problems, logger: createLogger([file.sink]), current: join(dir, 'mcp-hub.log') };
}

function records(path: string): LogRecord[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as LogRecord);
}

describe('LogFile', () => {
  it('writes one JSON object per line, in order, those from before it is opened too', async () => {
    const { file, logger, current, problems } = openLog();
    logger.info('first');
    logger.debug('second\nline', { server: 'a', token: new Secret('hush') });
    await file.open();
    logger.error('third', { code: 'TIMEOUT', server: 'a' });
    await file.close();
    const [first, second, third, ...more] = records(current);
    expect(first).toEqual({
      type: 'info',
      message: 'first',
      data: {},
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      pid: 4711,
    });
    expect(second).toMatchObject({ type: 'debug', message: 'second\nline', data: { server: 'a', token: '[redacted]' } });
    expect(third).toMatchObject({ type: 'error', code: 'TIMEOUT', message: 'third', data: { server: 'a' } });
    expect(more).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('does nothing before there is something to write, and writes it on close', async () => {
    const idle = openLog(join(root, 'idle'));
    await idle.file.close();
    expect(existsSync(idle.dir)).toBe(false);
    const early = openLog();
    early.logger.warn('the port is taken');
    await early.file.close();
    early.logger.warn('too late');
    await early.file.close();
    expect(records(early.current).map(({ message }) => message)).toEqual(['the port is taken']);
  });

  it('keeps folder and file to their owner, and the link points to the current file', async () => {
    const { file, dir, logger, current } = openLog();
    logger.info('x');
    await file.open();
    await file.close();
    expect(lstatSync(current).isSymbolicLink()).toBe(true);
    expect(readlinkSync(current)).toMatch(/^mcp-hub-\d{4}-\d\d-\d\d\.log$/);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(current).mode & 0o777).toBe(0o600);
  });

  it('closes a folder to others that was open to them before', async () => {
    const { file, dir } = openLog();
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o755);
    await file.open();
    await file.close();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('appends to the file of an earlier run', async () => {
    for (const message of ['one', 'two']) {
      const { file, logger } = openLog();
      logger.info(message);
      await file.close();
    }
    expect(records(openLog().current).map(({ message }) => message)).toEqual(['one', 'two']);
  });

  it('moves a plain file of an older version aside', async () => {
    const { file, dir, logger, current } = openLog();
    mkdirSync(dir, { recursive: true });
    writeFileSync(current, 'old\n');
    logger.info('new');
    await file.close();
    expect(readFileSync(join(dir, 'mcp-hub.previous.log'), 'utf8')).toBe('old\n');
    expect(records(current)).toHaveLength(1);
  });

  it('begins a file every day and keeps them for 30 days, even with a damaged list of them', async () => {
    const { file, dir, logger } = openLog();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, '.mcp-hub-log.json'), '{"keep":{"da');
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(2026, 0, 1, 12) });
    await file.open();
    const files = (): string[] =>
      readdirSync(dir)
        .filter((name) => /\d\.log$/.test(name))
        .sort();
    for (const day of [1, 2, 31, 35]) {
      vi.setSystemTime(new Date(2026, 0, day, 12));
      logger.info(`day ${day}`);
      await vi.waitFor(() => expect(records(join(dir, 'mcp-hub.log')).at(-1)?.message).toBe(`day ${day}`), patience);
    }
    await file.close();
    // The first two are more than 30 days old on February 4th, which is January 35th.
    expect(files()).toEqual(['mcp-hub-2026-01-31.log', 'mcp-hub-2026-02-04.log']);
  });

  it('writes many records without losing one', async () => {
    const { file, logger, current } = openLog();
    await file.open();
    for (let index = 0; index < 5_000; index += 1) logger.debug(`record ${index}`, { index });
    await file.close();
    expect(records(current).map(({ data }) => data['index'])).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });

  it('drops what a slow disk cannot take, and says how much', async () => {
    const { file, logger, current } = openLog();
    await file.open();
    const megabyte = 'x'.repeat(1024 * 1024);
    // All in one turn: the disk takes nothing in between.
    for (let index = 0; index < 20; index += 1) logger.info(megabyte, { index });
    await vi.waitFor(() => expect(statSync(current).size).toBeGreaterThan(7 * 1024 * 1024), patience);
    await vi.waitFor(() => {
      logger.info('afterwards');
      expect(readFileSync(current, 'utf8')).toMatch(/"message":"\d+ log records before this one were dropped/);
    }, patience);
    await file.close();
    expect(records(current).filter(({ message }) => message === megabyte)).toHaveLength(7);
  });

  it('says once that the folder cannot be made, and goes on', async () => {
    writeFileSync(join(root, 'file'), '');
    const { file, logger, problems } = openLog(join(root, 'file', 'logs'));
    logger.info('x');
    await file.open();
    logger.info('y');
    await file.close();
    expect(problems).toEqual([expect.stringMatching(/^The log cannot be written to .*ENOTDIR.*The hub goes on without a log file\.$/)]);
  });

  it('says once that the file cannot be opened, and goes on', async () => {
    const { file, dir, logger, problems } = openLog();
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(2026, 0, 1, 12) });
    mkdirSync(join(dir, 'mcp-hub-2026-01-01.log'), { recursive: true });
    logger.info('x');
    await file.open();
    await vi.waitFor(() => expect(problems).toHaveLength(1), patience);
    expect(problems[0]).toContain('EISDIR');
    // The cause is gone: a minute later the log goes on.
    rmSync(join(dir, 'mcp-hub-2026-01-01.log'), { recursive: true });
    logger.info('lost');
    vi.setSystemTime(new Date(2026, 0, 1, 12, 1, 1));
    logger.info('found');
    await file.close();
    expect(records(join(dir, 'mcp-hub.log')).map(({ message }) => message)).toEqual(['found', expect.stringContaining('dropped')]);
    expect(problems).toHaveLength(1);
  });
});
