import { expect, it } from 'vitest';
import {
  changeKindOf,
  isCacheable,
  isLoggingLevel,
  LIST_KINDS,
  listChangedMethod,
  listKindOf,
  listMethod,
  LOG_LEVELS,
  nameField,
  isWantedAt,
  notification,
  reachesLevel,
} from '../../src/protocol/index.ts';

it('every list method leads back to its kind', () => {
  for (const kind of LIST_KINDS) expect(listKindOf(listMethod[kind])).toBe(kind);
  expect(listKindOf('tools/call')).toBeUndefined();
});

it('every change notification leads back to its kind', () => {
  expect(changeKindOf(listChangedMethod.tools)).toBe('tools');
  expect(changeKindOf(listChangedMethod.prompts)).toBe('prompts');
  expect(changeKindOf(listChangedMethod.resources)).toBe('resources');
  expect(changeKindOf('notifications/resources/updated')).toBeUndefined();
});

it.each([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
  ['tools/list', undefined],
  ['completion/complete', undefined],
])('Mcp-Name of %s mirrors params.%s', (method, field) => {
  expect(nameField(method)).toBe(field);
});

it.each([
  ['server/discover', true],
  ['tools/list', true],
  ['prompts/list', true],
  ['resources/list', true],
  ['resources/templates/list', true],
  ['resources/read', true],
  ['tools/call', false],
  ['prompts/get', false],
  ['completion/complete', false],
])('a result of %s carries cache hints: %s', (method, cacheable) => {
  expect(isCacheable(method)).toBe(cacheable);
});

it('levels are ordered from debug to emergency', () => {
  expect(LOG_LEVELS.map((level) => reachesLevel(level, 'warning'))).toEqual([false, false, false, true, true, true, true, true]);
  expect(reachesLevel('debug', 'debug')).toBe(true);
});

it('tells whether a notification is wanted at a level', () => {
  const log = (level: string) => notification('notifications/message', { level, data: 'x' });
  expect(isWantedAt('warning', log('info'))).toBe(false);
  expect(isWantedAt('warning', log('error'))).toBe(true);
  expect(isWantedAt('warning', log('nobody knows'))).toBe(true);
  expect(isWantedAt('all', log('debug'))).toBe(true);
  expect(isWantedAt('none', log('emergency'))).toBe(false);
  expect(isWantedAt('none', notification('notifications/progress', {}))).toBe(true);
  expect(['info', 'trace', '', 3, undefined].map(isLoggingLevel)).toEqual([true, false, false, false, false]);
});
