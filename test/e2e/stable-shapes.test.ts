import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub } from '../../bench/hub-process.ts';
import { openClients } from '../../bench/parts/open-clients.ts';
import type { HttpTarget } from '../../bench/parts/plan.ts';
import { Processes } from '../../bench/processes.ts';

/** Enough for V8 to have met everything that calls are made of. */
const WARM_UP_CALLS = 3_000;
const CALLS = 1_000;

/**
 * V8 keeps what it has learnt of an object's shape at every place that reads one. What is copied by spreading, with something added, gets
 * a shape of its own each time: then nothing is learnt, and each place that reads it looks everything up anew. A call took a third longer by that, and
 * neither the function calls nor the bytes that `hot-path.test.ts` counts had told of it.
 */
describe('what calls are made of', () => {
  const processes = new Processes();
  const log = (): string => join(processes.folder, 'inline-caches.log');
  let hub: ReturnType<typeof startHub>;
  beforeAll(async () => {
    await processes.open();
    const { port } = await processes.serve('upstream-http', '0');
    const at = (path: string): object => ({ url: `http://127.0.0.1:${port}/${path}` });
    hub = startHub(processes, {
      servers: {
        legacy: at('legacy'),
        modern: at('modern'),
        modern_sse: at('modern-sse'),
        stdio: { command: process.execPath, args: [processes.script('upstream-stdio')] },
      },
      nodeArgs: ['--log-ic', '--no-logfile-per-isolate', `--logfile=${log()}`],
    });
    await hub.ready;
  });
  afterAll(() => processes.close());

  it.each([
    ['legacy', 'legacy'],
    ['modern', 'modern'],
    ['modern', 'modern_sse'],
    ['legacy', 'modern'],
    ['modern', 'legacy'],
    ['legacy', 'stdio'],
  ] as const)('has shapes that V8 knows: a %s client, a server that is %s', { timeout: 60_000 }, async (era, server) => {
    const { port } = await hub.ready;
    const target: HttpTarget = { kind: 'http', era, url: `http://127.0.0.1:${port}/mcp`, prefix: `${server}__` };
    const crowd = await openClients({ target, payload: { kind: 'echo' }, clients: 1 });
    const times = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 1) for (const call of crowd.calls) await call();
    };
    await times(WARM_UP_CALLS);
    const before = misses(log());
    expect([crowd.calls.length, before.length > 0]).toEqual([1, true]);
    await times(CALLS);
    const found = misses(log()).slice(before.length);
    await crowd.close();
    expect(found.length / CALLS, tellingOf(found)).toBeLessThan(0.5);
  });
});

/** `<kind>,<address>,<time>,<line>,<column>,<before>,<after>,<map>,<name>,…`, one line for each place that met a shape that it did not know. */
function misses(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\w*IC,/.test(line));
}

/** Which properties were looked up most often, and from which line and column of the bundle. */
function tellingOf(found: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const line of found) {
    const [kind, , , row, column, , , , name] = line.split(',');
    const place = `${kind} of "${name}" at ${row}:${column}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 8)
    .map(([place, count]) => `${count} × ${place}`)
    .join('; ');
}
