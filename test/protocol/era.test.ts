import { expect, it } from 'vitest';
import {
  isLegacyVersion,
  isModernVersion,
  LEGACY_VERSIONS,
  MODERN_VERSIONS,
  negotiateLegacy,
  NEWEST_LEGACY,
  NEWEST_MODERN,
} from '../../src/protocol/index.ts';

it('every version belongs to exactly one era', () => {
  for (const version of LEGACY_VERSIONS) expect([isLegacyVersion(version), isModernVersion(version)]).toEqual([true, false]);
  for (const version of MODERN_VERSIONS) expect([isLegacyVersion(version), isModernVersion(version)]).toEqual([false, true]);
  for (const version of ['', '2023-01-01', 5, null, undefined])
    expect([isLegacyVersion(version), isModernVersion(version)]).toEqual([false, false]);
});

it('the newest stand first', () => {
  expect(NEWEST_LEGACY).toBe(LEGACY_VERSIONS.toSorted().at(-1));
  expect(NEWEST_MODERN).toBe(MODERN_VERSIONS.toSorted().at(-1));
});

it.each([
  ['2024-11-05', '2024-11-05'],
  ['2025-03-26', '2025-03-26'],
  ['2025-06-18', '2025-06-18'],
  ['2025-11-25', '2025-11-25'],
  ['2026-07-28', '2025-11-25'],
  ['1999-01-01', '2025-11-25'],
  [undefined, '2025-11-25'],
])('an initialize for %s is answered with %s', (requested, answered) => {
  expect(negotiateLegacy(requested)).toBe(answered);
});
