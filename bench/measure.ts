import type { ChildProcess } from 'node:child_process';
import { cpuMs } from './cpu.ts';
import { nextMessage } from './messages.ts';
import type { HttpTarget, LoadReply, LoadRequest, Payload, Plan, Round, StdioTarget } from './parts/plan.ts';

/** Time for clients to connect, or to hang up, in milliseconds. */
const PREPARE_MS = 15_000;
/** A round takes its seconds and the answers that were under way then, in milliseconds. */
const LAST_ANSWERS_MS = 15_000;

/** One way to the upstream. */
export interface Target {
  readonly name: 'direct' | 'proxy' | 'hub';
  readonly address: HttpTarget | StdioTarget;
  /** The process whose CPU time counts; without one, the server that the load generator starts. */
  readonly subject?: ChildProcess;
}

export interface Measured extends Round {
  readonly target: Target['name'];
  /** CPU time of the process under test during the round, in milliseconds. */
  readonly cpuMs: number;
}

/** Lets the load generator do one round against one target. */
export async function measure(
  load: ChildProcess,
  target: Target,
  size: { payload: Payload; clients: number },
  seconds: number,
): Promise<Measured> {
  const plan: Plan = { target: target.address, ...size };
  const { pid } = await ask(load, { ask: 'prepare', plan }, 'prepared', PREPARE_MS);
  const subject = target.subject ?? pid;
  const before = await cpuMs(subject);
  const { reply: _, ...round } = await ask(load, { ask: 'run', seconds }, 'done', seconds * 1_000 + LAST_ANSWERS_MS);
  const used = (await cpuMs(subject)) - before;
  await ask(load, { ask: 'close' }, 'closed', PREPARE_MS);
  return { target: target.name, ...round, cpuMs: used };
}

async function ask<K extends LoadReply['reply']>(
  load: ChildProcess,
  request: LoadRequest,
  wanted: K,
  timeoutMs: number,
): Promise<Extract<LoadReply, { reply: K }>> {
  const replied = nextMessage(load, timeoutMs, `${request.ask} of the load generator`);
  load.send(request);
  // Written by parts/load.ts, which is compiled from the same types.
  const reply = (await replied) as LoadReply;
  if (reply.reply === 'failed') throw new Error(reply.message);
  if (!isReply(reply, wanted)) throw new Error(`The load generator replied ${reply.reply} to ${request.ask}.`);
  return reply;
}

function isReply<K extends LoadReply['reply']>(reply: LoadReply, wanted: K): reply is Extract<LoadReply, { reply: K }> {
  return reply.reply === wanted;
}

/** The rounds in order, each through all targets, each round beginning with another one. */
export function* interleaved<T>(rounds: number, targets: readonly T[]): Generator<T> {
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < targets.length; at += 1) {
      const target = targets[(round + at) % targets.length];
      if (target !== undefined) yield target;
    }
  }
}
