/** The load generator: does what its parent asks, one round at a time, and ends with it. */
import { percentile } from '../statistics.ts';
import { openClients } from './open-clients.ts';
import type { Crowd, LoadReply, LoadRequest, Round } from './plan.ts';

const crowds = new Map<string, Crowd>();

process.on('message', (request: LoadRequest) => {
  void obey(request)
    .catch((error: unknown): LoadReply => ({ reply: 'failed', message: error instanceof Error ? error.message : String(error) }))
    .then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit());

async function obey(request: LoadRequest): Promise<LoadReply> {
  switch (request.ask) {
    case 'prepare': {
      const crowd = await openClients(request.plan);
      crowds.set(request.crowd, crowd);
      return { reply: 'prepared', ...(crowd.pid !== undefined && { pid: crowd.pid }) };
    }
    case 'run': {
      const crowd = crowds.get(request.crowd);
      if (!crowd) throw new Error(`There are no clients for ${request.crowd}.`);
      return { reply: 'done', ...(await run(crowd, request.seconds)) };
    }
    case 'close':
      // A server that ends a connection while its clients hang up has done what they wanted.
      await Promise.allSettled([...crowds.values()].map((crowd) => crowd.close()));
      crowds.clear();
      return { reply: 'closed' };
  }
}

/** Every client calls, one call at a time, for so many seconds. */
async function run({ calls }: Crowd, seconds: number): Promise<Round> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const keepCalling = async (call: () => Promise<void>): Promise<void> => {
    for (let beganMs = performance.now(); beganMs < endMs; ) {
      await call();
      const nowMs = performance.now();
      latenciesMs.push(nowMs - beganMs);
      beganMs = nowMs;
    }
  };
  await Promise.all(calls.map(keepCalling));
  const tookMs = performance.now() - startMs;
  return {
    calls: latenciesMs.length,
    seconds: tookMs / 1_000,
    p50Ms: percentile(latenciesMs, 0.5),
    p95Ms: percentile(latenciesMs, 0.95),
  };
}
