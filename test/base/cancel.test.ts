import { describe, expect, it } from 'vitest';
import { anyOf, CancelController } from '../../src/base/index.ts';

describe('CancelController', () => {
  it('tells whoever listens once, with the reason of the first time', () => {
    const controller = new CancelController();
    const { signal } = controller;
    const told: unknown[] = [];
    const [one, two] = [() => void told.push(['one', signal.reason]), () => void told.push(['two', signal.reason])];
    for (const listener of [one, two, one]) signal.addEventListener('abort', listener, { once: true });
    controller.abort('first');
    controller.abort('second');
    signal.addEventListener('abort', one);
    expect(told).toEqual([
      ['one', 'first'],
      ['two', 'first'],
    ]);
    expect(signal.aborted).toBe(true);
    expect(() => signal.throwIfAborted()).toThrow('first');
  });

  it('tells nobody who has left', () => {
    const controller = new CancelController();
    const told: string[] = [];
    const listeners = ['one', 'two', 'three'].map((name) => () => void told.push(name));
    for (const listener of listeners) controller.signal.addEventListener('abort', listener);
    const [one, two, three] = listeners;
    if (!one || !two || !three) throw new Error('Not three');
    controller.signal.removeEventListener('abort', two);
    controller.signal.removeEventListener('abort', two);
    controller.signal.removeEventListener('abort', one);
    controller.abort();
    expect(told).toEqual(['three']);
    expect(controller.signal.reason).toBeInstanceOf(Error);
  });
});

describe('anyOf', () => {
  it('aborts with the first of its signals, of either kind, also when that is over', () => {
    const own = new CancelController();
    const native = new AbortController();
    const first = anyOf(own.signal, native.signal);
    own.abort('own');
    native.abort('native');
    expect(first.reason).toBe('own');
    expect(anyOf(new CancelController().signal, native.signal).reason).toBe('native');
    expect(anyOf(own.signal).reason).toBe('own');
  });
});
