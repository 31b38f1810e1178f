import { expect, it } from 'vitest';
import { readmeAddresses } from '../../../src/hub/marketplace/readme.ts';

it.each([
  ['https://github.com/a/b', ['a/b/HEAD/README.md', 'a/b/HEAD/readme.md']],
  ['git+https://github.com/a/b.git', ['a/b/HEAD/README.md', 'a/b/HEAD/readme.md']],
  ['https://github.com/a/b/tree/main/src/c', ['a/b/main/src/c/README.md', 'a/b/HEAD/README.md', 'a/b/HEAD/readme.md']],
  ['https://github.com/a', []],
  ['https://gitlab.com/a/b', []],
  ['https://github.com.example.org/a/b', []],
  ['', []],
])('the README of %j is at %j', (url, expected) => {
  expect(readmeAddresses(url, 'https://raw/')).toEqual(expected.map((path) => `https://raw/${path}`));
});
