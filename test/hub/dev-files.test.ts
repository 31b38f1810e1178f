import { describe, expect, it } from 'vitest';
import { chooseFiles, pathWithin } from '../../src/hub/dev-files.ts';

const FOLDER = '/work/app';

function choose(...patterns: string[]) {
  return chooseFiles(FOLDER, patterns, ['**/*.js']);
}

describe('the files that patterns of dev.watch choose', () => {
  it.each<[string, string[], string[], string[]]>([
    ['everywhere', ['**/*.js', '**/*.py'], ['a.js', 'src/deep/er/a.js', 'x.py'], ['a.ts', 'js', 'a.jsx']],
    ['only at the top', ['*.js'], ['a.js'], ['src/a.js']],
    ['within one folder', ['./src/**/*.js'], ['src/a.js', 'src/b/a.js'], ['a.js', 'lib/src/a.js']],
    ['nothing hidden', ['**/*.js'], ['a.js'], ['.a.js', '.git/a.js', 'src/.cache/a.js']],
    ['nothing that tools make', ['**/*.js'], ['distance/a.js'], ['node_modules/m/a.js', 'dist/a.js', 'p/dist/a.js', '__pycache__/a.js']],
    ['what tools make, when it is named', ['dist/**/*.js'], ['dist/a.js', 'dist/b/a.js'], ['p/dist/a.js', 'dist/.x/a.js', 'a.js']],
    ['named for one pattern only', ['**/*.js', 'dist/*.mjs'], ['dist/a.mjs', 'a.js'], ['dist/a.js', 'node_modules/a.mjs']],
    ['named at every depth', ['**/dist/*.js'], ['dist/a.js', 'p/q/dist/a.js'], ['p/a.js', 'node_modules/dist/a.js']],
    ['hidden ones, when they are named', ['.env', '.config/*.json'], ['.env', '.config/a.json'], ['.envrc', 'a/.env', '.config/x/a.json']],
    [
      'without what is taken out',
      ['**/*.js', '!**/*.test.js', '!fixtures/**'],
      ['a.js', 'b/a.js'],
      ['a.test.js', 'b/c.test.js', 'fixtures/a.js'],
    ],
    ['taken out, wherever that stands', ['!gen/**', 'gen/a.js', '**/*.js'], ['a.js'], ['gen/a.js', 'gen/.x/a.js']],
    ['the usual ones when something is only taken out', ['!test/**'], ['a.js', 'src/a.js'], ['test/a.js', 'a.rb']],
    ['a folder by its name', ['src', 'lib/'], ['src/a.rb', 'src/b/c', 'lib/x'], ['a.js', 'other/src/a.js']],
    ['one of several', ['{src,lib/a}/**/*.{js,ts}'], ['src/a.ts', 'lib/a/b/c.js'], ['lib/b/a.js', 'src/a.py']],
    ['by extended patterns', ['*.@(js|ts)'], ['a.js', 'b.ts'], ['a.py', 'b/a.js']],
    ['beside the folder', ['../shared/**/*.js'], ['../shared/a.js', '../shared/b/a.js'], ['../other/a.js', 'shared/a.js']],
    ['by absolute patterns', ['/work/app/src/*.js', '/work/lib/*.js'], ['src/a.js', '../lib/a.js'], ['a.js', '../lib/b/a.js']],
  ])('%s', (_, patterns, wanted, unwanted) => {
    const choice = choose(...patterns);
    expect([...wanted, ...unwanted].filter((path) => choice.wants(path))).toEqual(wanted);
    // Whatever is wanted can also be reached.
    for (const path of wanted.filter((path) => !path.startsWith('../'))) {
      const folders = path.split('/').slice(0, -1);
      for (const depth of folders.keys()) expect(choice.enters(folders.slice(0, depth + 1).join('/')), path).toBe(true);
    }
  });

  it.each<[string[], string[], string[]]>([
    [['**/*.js'], ['src', 'src/deep'], ['.git', 'node_modules', 'src/node_modules', 'dist', '__pycache__', '.venv']],
    [['src/*.js'], ['src'], ['src/deep', 'lib', 'node_modules']],
    [
      ['src/**', '!src/big/**'],
      ['src', 'src/a'],
      ['src/big', 'lib'],
    ],
    [['*/src/*.ts'], ['a', 'a/src'], ['a/lib', 'a/src/deep']],
    [['{a,b/c}/*.js'], ['a', 'b', 'b/c'], ['node_modules', '.git']],
    [['.config/**'], ['.config'], ['.git', 'src']],
  ])('%j looks into %j but not into %j', (patterns, entered, left) => {
    const choice = choose(...patterns);
    expect([...entered, ...left].filter((path) => choice.enters(path))).toEqual(entered);
  });

  it('are watched from the folder and from those outside that a pattern leads to', () => {
    expect(choose('**/*.js', 'src/*').roots).toEqual([FOLDER]);
    expect(choose('**/*.js', '../shared/**/*.js', '/work/lib/x/*.js').roots).toEqual([FOLDER, '/work/shared', '/work/lib/x']);
  });

  it('are known by their paths within the folder', () => {
    expect(pathWithin(FOLDER, '/work/app/src/a.js')).toBe('src/a.js');
    expect(pathWithin(FOLDER, '/work/lib/a.js')).toBe('../lib/a.js');
  });
});
