import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { selectCases } from '../../bench/cases.ts';
import { cpuFromStat } from '../../bench/cpu.ts';
import { median, percentile } from '../../bench/statistics.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

function bench(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const all = [join(root, 'build/run-ts.mjs'), join(root, 'bench/run.ts'), ...args];
  return run(process.execPath, all, { cwd: root, timeout: 100_000 });
}

describe('npm run bench', () => {
  it('prints a row of figures for every target of a case', async () => {
    const { stdout } = await bench('--rounds', '1', '--seconds', '0.2', '--case', 'legacy-echo-1');
    const rows = stdout.split('\n').filter((line) => line.startsWith('legacy-echo-1 '));
    expect(rows.map((row) => row.split(/\s+/)[1])).toEqual(['direct', 'proxy', 'hub']);
    for (const row of rows) expect(row).toMatch(/^\S+ +\S+ +\d+ +\d+\.\d\d +\d+\.\d\d–\d+\.\d\d +(?:\d+\.\d\d|–) +\d+\.\d\d +\d+\.\d\d$/);
    expect(rows[1]).toMatch(/ 1\.00 +1\.00–1\.00 /);
  });

  it('says which cases there are when one is unknown', async () => {
    await expect(bench('--case', 'nonsense')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('modern-100kb-16') });
  });
});

describe('selectCases', () => {
  it('takes every case that has all the parts of a name', () => {
    const names = (...wanted: string[]): string[] => selectCases(wanted).map(({ name }) => name);
    expect(names('echo-1')).toEqual(['legacy-echo-1', 'modern-echo-1', 'stdio-echo-1']);
    expect(names('stdio', 'modern-1kb')).toEqual(['modern-1kb-16', 'stdio-echo-1', 'stdio-echo-16', 'stdio-echo-64']);
    expect(names()).toHaveLength(13);
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
