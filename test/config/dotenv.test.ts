import { expect, it } from 'vitest';
import { parseDotenv } from '../../src/config/index.ts';

it.each([
  ['A=1\nB = two words \r\nexport C=3', { A: '1', B: 'two words', C: '3' }],
  ['# A=1\n\nnonsense\nB=2 # comment\nC=a#b\nD= # none', { B: '2', C: 'a#b', D: '' }],
  ['A="x # y"\nB=\'x\\n"y"\'\nC=`a`\nD="a\\"b\\\\c\\td"', { A: 'x # y', B: 'x\\n"y"', C: 'a', D: 'a"b\\c\td' }],
  ['A="one\ntwo"\nB=\'three\nfour\'', { A: 'one\ntwo', B: 'three\nfour' }],
  ['A=${B}\nA.b-c=$X', { A: '${B}', 'A.b-c': '$X' }],
  ['\ufeffA=1\nEMPTY=\nB=2', { A: '1', EMPTY: '', B: '2' }],
])('reads %j', (text, expected) => {
  expect(parseDotenv(text)).toEqual(expected);
});
