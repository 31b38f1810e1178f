import { expect, it } from 'vitest';
import { noiseAdvice, shownNoise } from '../../../src/upstream/process/noise.ts';

const shown = (text: string): string => shownNoise(Buffer.from(text), (line) => line.replaceAll('geheim', '[redacted]'));

it('shows a line without colours, marks and secrets', () => {
  expect(shown('\uFEFF\u001B[32mStarting\u001B[0m with geheim\r')).toBe('Starting with [redacted]');
});

it('cuts a long line, but no secret in two', () => {
  const line = shown(`${'x'.repeat(157)}geheim and more`);
  expect(line).toBe(`${'x'.repeat(157)}[re…`);
});

it('has no advice where there was nothing of the kind', () => {
  expect(noiseAdvice(undefined)).toBe('');
  expect(noiseAdvice('Starting')).toMatch(/the first one is:\n  Starting\n[^]*standard error\.$/);
});
