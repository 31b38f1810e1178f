import { describe, expect, it } from 'vitest';
import { showDiff } from '../../../src/cli/clients/show-diff.ts';
import { plainStyle } from '../../../src/cli/style.ts';

describe('showDiff', () => {
  it('shows what changes, without the values of environments and headers', async () => {
    const before = { node: { command: 'node', env: { A: 'node', KEY: 'a"key-of-many-characters', REF: '${env:REF}' } } };
    const after = { node: { ...before.node, args: ['--token=a"key-of-many-characters'], headers: { X: 'short' } } };
    const texts = [before, after].map((document) => `${JSON.stringify(document, null, 1)}\n`);
    const diff = await showDiff('f.json', texts[0] ?? '', texts[1] ?? '', [before, after], plainStyle);
    expect(diff).toMatch(/^--- f\.json\n\+\+\+ f\.json\n@@ .* @@\n/);
    expect(diff).not.toContain('many-characters');
    expect(diff).not.toContain('"short"');
    expect(diff).toContain('"REF": "${env:REF}"');
  });

  it('passes no control characters on', async () => {
    expect(await showDiff('f', '', '\u001B[31mred\u001B[39m\u0008 end\r\n', [], plainStyle)).toContain('\n+red end');
  });
});
