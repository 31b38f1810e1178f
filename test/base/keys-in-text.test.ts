import { describe, expect, it } from 'vitest';
import { HubError, withoutKeys } from '../../src/base/index.ts';

const KEY = `mcphub_x7k2m9qa_${'aB3'.repeat(14)}z`;

describe('keys in texts', () => {
  it('are shown by their id alone, wherever they stand, also in part', () => {
    expect(withoutKeys(`No server "${KEY}". Did you mean ${KEY}?`)).toBe('No server "mcphub_x7k2m9qa_…". Did you mean mcphub_x7k2m9qa_…?');
    expect(withoutKeys(KEY.slice(0, 20))).toBe('mcphub_x7k2m9qa_…');
    expect(withoutKeys(`mcphub_owner_${'0a'.repeat(32)}`)).toBe('mcphub_owner_…');
    expect(withoutKeys(`mcphub_${'a'.repeat(43)}`)).toBe('mcphub_…');
  });

  it('are not what merely begins like one', () => {
    for (const text of ['mcphub_tools', 'mcphub_x7k2m9qa', 'the mcphub_ prefix', '']) expect(withoutKeys(text)).toBe(text);
  });

  it('are in no error, neither in its message nor in what it tells programs', () => {
    const error = new HubError('RESOURCE_NOT_FOUND', `There is no server "${KEY}".`, {
      details: { server: KEY, names: ['a', KEY], in: { deep: KEY, count: 1 } },
    });
    expect(error.message).toBe('There is no server "mcphub_x7k2m9qa_…".');
    const shown = 'mcphub_x7k2m9qa_…';
    expect(error.details).toEqual({ server: shown, names: ['a', shown], in: { deep: shown, count: 1 } });
  });
});
