import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FEATURES } from '../../support/matrix.ts';

const PAIRS = ['legacy → legacy', 'legacy → modern', 'modern → legacy', 'modern → modern'];

it('every feature is tested in every place of the matrix', async () => {
  const sources = (await readdir(import.meta.dirname)).map((file) => readFile(join(import.meta.dirname, file), 'utf8'));
  const tested = (await Promise.all(sources)).flatMap((source) => [...source.matchAll(/^feature\('([^']+)'/gm)].map(([, name]) => name));
  expect(tested.toSorted()).toEqual(FEATURES.toSorted());
});

it('docs/protocol.md says of every feature what becomes of it in every pair, and why something has no place in one', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/protocol.md'), 'utf8');
  const [, section = ''] = page.split('## Feature by feature, in every pair of eras\n');
  const [head, , ...rows] = section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ) ?? [[]];
  expect(head).toEqual(['', ...PAIRS]);
  expect(rows.map(([feature]) => feature)).toEqual([...FEATURES]);
  for (const row of rows)
    expect(
      row.filter((cell) => cell !== ''),
      row[0],
    ).toHaveLength(1 + PAIRS.length);
  // Every note of the table has its sentence of the specification, and the other way round.
  const notes = new Set(
    rows
      .flat()
      .join(' ')
      .match(/[¹²³⁴-⁹]/g),
  );
  const sentences = [...section.matchAll(/^\d\. (2025-11-25|2026-07-28), [\w/-]+:\s+"[^"]+"/gm)];
  expect(sentences).toHaveLength(notes.size);
});
