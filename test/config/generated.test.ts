import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../build/generated-files.ts';
import { parseJson5 } from '../../src/config/json5.ts';

const root = join(import.meta.dirname, '../..');

const files = await generatedFiles(root);

describe('the generated files', () => {
  it.each(Object.entries(files))('%s is what `npm run generate` writes', (path, content) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(content);
  });

  it('has examples that can be read', () => {
    const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
    const examples = [...page.matchAll(/```json5?\n([^]*?)```/g)].map(([, example = '']) => example);
    expect(examples).toHaveLength(5);
    for (const example of examples) expect(parseJson5(example).kind).toBe('object');
  });
});
