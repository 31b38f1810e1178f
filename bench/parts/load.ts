/** The load generator: does what its parent asks, one round at a time, and ends with it. */
import { openHttpClients } from './http-clients.ts';
import type { Crowd, LoadReply, LoadRequest, Plan, Round } from './plan.ts';
import { percentile } from '../statistics.ts';
import { openStdioClients } from './stdio-clients.ts';

let crowd: Crowd | undefined;

process.on('message', (request: LoadRequest) => {
  void obey(request)
    .catch((error: unknown): LoadReply => ({ reply: 'failed', message: error instanceof Error ? error.message : String(error) }))
    .then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit());

async function obey(request: LoadRequest): Promise<LoadReply> {
  switch (request.ask) {
    case 'prepare':
      crowd = await open(request.plan);
      return { reply: 'prepared', ...(crowd.pid !== undefined && { pid: crowd.pid }) };
    case 'run':
      if (!crowd) throw new Error('There are no clients.');
      return { reply: 'done', ...(await run(crowd, request.seconds)) };
    case 'close':
      await crowd?.close();
      crowd = undefined;
      return { reply: 'closed' };
  }
}

function open(plan: Plan): Promise<Crowd> {
  return plan.target.kind === 'http' ? openHttpClients(plan.target, plan) : openStdioClients(plan.target, plan);
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
