import { createHook } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { expect, it } from 'vitest';
import { keepTickShape } from '../../src/cli/tick-shape.ts';

/** What Node makes for the next call of `process.nextTick`. */
function tickObject(): object | undefined {
  let found: object | undefined;
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === 'TickObject') found ??= resource;
    },
  });
  hook.enable();
  process.nextTick(() => {});
  hook.disable();
  return found;
}

it.skipIf(Number(process.versions.node.split('.')[0]) > 20)('keeps the shape of what process.nextTick makes', () => {
  setFlagsFromString('--allow-natives-syntax');
  const haveSameMap: unknown = runInThisContext('(a, b) => %HaveSameMap(a, b)');
  const isOfTick = (object: object | undefined): unknown => typeof haveSameMap === 'function' && haveSameMap(object, tickObject());
  expect(isOfTick(keepTickShape())).toBe(true);
  expect(isOfTick({ callback: () => {}, args: undefined })).toBe(false);
});
