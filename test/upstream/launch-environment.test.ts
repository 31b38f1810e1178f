import { describe, expect, it } from 'vitest';
import { type EnvironmentLayers, environmentNames, mergedEnvironment } from '../../src/upstream/launch-environment.ts';

const layers: EnvironmentLayers = [
  ['inherited', { Path: 'C:\\Windows', TEMP: 't' }],
  ['env', { PATH: 'D:\\tools', path: 'E:\\last', own: '1' }],
];
const names = (platform: NodeJS.Platform) => environmentNames(layers, platform).map(({ name, from }) => [name, from]);

describe('on Windows, where names differ by more than case', () => {
  it('the last layer wins, under its own spelling, and nothing is there twice', () => {
    expect(mergedEnvironment(layers, 'win32')).toEqual({ TEMP: 't', path: 'E:\\last', own: '1' });
    expect(names('win32')).toEqual([
      ['TEMP', 'inherited'],
      ['own', 'env'],
      ['path', 'env'],
    ]);
  });
});

it('elsewhere every spelling is a variable of its own', () => {
  expect(mergedEnvironment(layers, 'linux')).toEqual({ Path: 'C:\\Windows', TEMP: 't', PATH: 'D:\\tools', path: 'E:\\last', own: '1' });
  expect(names('darwin').map(([name]) => name)).toEqual(['PATH', 'Path', 'TEMP', 'own', 'path']);
});
