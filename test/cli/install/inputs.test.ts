import { describe, expect, it } from 'vitest';
import { completeInputs, isSecret, literalSecrets, readInputs, withoutSecrets } from '../../../src/cli/install/inputs.ts';

const FOLDER = { name: 'Folder', key: 'FOLDER', description: 'What it may read' };
const TOKEN = { name: 'Token', key: 'API_TOKEN' };
const MODE = { name: 'Mode', key: 'MODE', required: false, choices: ['fast', 'slow'], default: 'fast' };
const PORT = { name: 'Port', key: 'PORT', required: false, format: 'number' as const };
const all = [FOLDER, TOKEN, MODE, PORT];

describe('inputs of the command line', () => {
  it('are read by key; a value may hold "=" and be empty', () => {
    const values = readInputs(['FOLDER=/a=b', 'API_TOKEN='], all);
    expect([...values]).toEqual([
      ['FOLDER', ['/a=b']],
      ['API_TOKEN', ['']],
    ]);
  });

  it('are all told at once when they are wrong', () => {
    const read = () => readInputs(['FOLDR=/a', 'FOLDER', 'MODE=none', 'PORT=x', 'API_TOKEN=1', 'API_TOKEN=2'], all);
    for (const text of [
      'Did you mean FOLDER',
      'FOLDER has no value',
      'one of fast, slow',
      'must be a number',
      'API_TOKEN is given twice',
    ]) {
      expect(read).toThrow(text);
    }
  });
});

describe('values without asking', () => {
  it('are the given ones, the environment for secrets, and defaults', () => {
    const values = completeInputs(all, new Map([['FOLDER', ['/a']]]), { API_TOKEN: 'secret', FOLDER: '/other', PORT: '1' });
    expect([...values]).toEqual([
      ['FOLDER', ['/a']],
      ['API_TOKEN', ['${env:API_TOKEN}']],
      ['MODE', ['fast']],
    ]);
  });

  it('are a placeholder where the environment has the given secret already', () => {
    expect(completeInputs([TOKEN], new Map([['API_TOKEN', ['s']]]), { API_TOKEN: 's' }).get('API_TOKEN')).toEqual(['${env:API_TOKEN}']);
    expect(completeInputs([TOKEN], new Map([['API_TOKEN', ['s']]]), { API_TOKEN: 't' }).get('API_TOKEN')).toEqual(['s']);
  });

  it('are told when they are missing, all of them, with what to give', () => {
    expect(() => completeInputs(all, new Map(), {})).toThrow(/--input FOLDER=… {3}What it may read\n.*--input API_TOKEN=…/);
  });

  it('are not shown where they are literal secrets', () => {
    const values = new Map([
      ['FOLDER', ['/a']],
      ['API_TOKEN', ['hunter2']],
    ]);
    expect(literalSecrets(all, values)).toEqual(['hunter2']);
    expect(withoutSecrets(all, values).get('API_TOKEN')).toEqual(['[redacted]']);
    expect(literalSecrets(all, new Map([['API_TOKEN', ['${env:API_TOKEN}']]]))).toEqual([]);
  });
});

it.each([
  ['API_KEY', true],
  ['GITHUB_PERSONAL_ACCESS_TOKEN', true],
  ['DB_PASSWORD', true],
  ['FOLDER', false],
  ['KEYBOARD', false],
])('%s is a secret: %s', (key, expected) => {
  expect(isSecret({ name: key, key })).toBe(expected);
});

it('is no secret where the registry says so', () => {
  expect(isSecret({ ...TOKEN, secret: false })).toBe(false);
});
