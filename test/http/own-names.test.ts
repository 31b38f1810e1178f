import { Socket } from 'node:net';
import { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { OwnNames } from '../../src/http/guards/own-names.ts';

const NONE: readonly string[] = [];

function request(headers: IncomingMessage['headers']): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  Object.assign(req.headers, headers);
  return req;
}

/** The header that is refused at the first asking and at the second, which may be answered from memory. */
function refused(names: OwnNames, headers: IncomingMessage['headers'], allowed = NONE): readonly unknown[] {
  return [1, 2].map(() => names.problem(request(headers), allowed, NONE)?.details['header']);
}

describe('the names of the hub', () => {
  it.each([
    [{ host: 'localhost:1' }, undefined],
    [{ host: 'localhost:1', origin: 'http://localhost:2' }, undefined],
    [{ host: 'evil.example' }, 'Host'],
    [{ host: 'localhost:1', origin: 'http://evil.example' }, 'Origin'],
    [{ host: 'localhost:1', origin: '' }, 'Origin'],
    [{ host: 'localhost:1', origin: 'undefined' }, 'Origin'],
    [{ host: 'undefined' }, 'Host'],
    [{}, 'Host'],
  ] as const)('%j: %s, also when it comes again', (headers, problem) => {
    const names = new OwnNames();
    expect(refused(names, headers)).toEqual([problem, problem]);
    // … and whatever else was fine before.
    expect(refused(names, { host: 'localhost:1' })).toEqual([undefined, undefined]);
    expect(refused(names, headers)).toEqual([problem, problem]);
  });

  it('a missing Host is not the name "undefined"', () => {
    const names = new OwnNames();
    expect(refused(names, { host: 'undefined' }, ['undefined'])).toEqual([undefined, undefined]);
    expect(refused(names, {}, ['undefined'])).toEqual(['Host', 'Host']);
  });

  it('are forgotten when the settings change', () => {
    const names = new OwnNames();
    const headers = { host: 'hub.example' };
    const allowed = ['hub.example'];
    expect(refused(names, headers, allowed)).toEqual([undefined, undefined]);
    expect(refused(names, headers)).toEqual(['Host', 'Host']);
    expect(refused(names, headers, allowed)).toEqual([undefined, undefined]);
    expect(names.problem(request(headers), NONE, allowed)).toBeUndefined();
    expect(names.problem(request(headers), NONE, NONE)?.code).toBe('FORBIDDEN');
  });

  it('stay right when there are more of them than are remembered', () => {
    const names = new OwnNames();
    for (let port = 1; port <= 250; port += 1) {
      expect(refused(names, { host: `localhost:${port}` })).toEqual([undefined, undefined]);
      expect(refused(names, { host: `evil.example:${port}` })).toEqual(['Host', 'Host']);
    }
    expect(refused(names, { host: 'localhost', origin: `http://localhost/${'x'.repeat(1_000)}` })).toEqual([undefined, undefined]);
  });
});
