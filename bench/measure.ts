import type { ChildProcess } from 'node:child_process';
import { cpuMs } from './cpu.ts';
import { nextMessage } from './messages.ts';
import type { Address, LoadReply, LoadRequest, Plan, Round } from './parts/plan.ts';

/** Time for clients to connect, or to hang up, in milliseconds. */
const PREPARE_MS = 30_000;
/** A round takes its seconds and the answers that were under way then, in milliseconds. */
const LAST_ANSWERS_MS = 20_000;

/** One way to the upstream. */
export interface Target {
  /** `direct`, `proxy`, `nginx`, `bare-hub`, `static`, `hub`, or a peer's. */
  readonly name: string;
  readonly address: Address;
  /** The process whose CPU time counts; without one, the server that the load generator starts. */
  readonly subject?: ChildProcess;
  /** Whether the run goes on without it when it fails. */
  readonly isOptional?: boolean;
}

/** A target with its clients connected. */
export interface Ready {
  readonly target: Target;
  readonly subject: ChildProcess | number | undefined;
}

export interface Measured extends Round {
  readonly target: string;
  /** CPU time of the process under test during the round, in milliseconds. */
  readonly cpuMs: number;
}

/** Lets the load generator connect clients to a target, which stay until {@link hangUp}. Each has made a call already. */
export async function connectClients(load: ChildProcess, target: Target, size: Omit<Plan, 'target'>): Promise<Ready> {
  const plan: Plan = { target: target.address, payload: size.payload, clients: size.clients };
  const { pid } = await ask(load, { ask: 'prepare', crowd: target.name, plan }, 'prepared', PREPARE_MS);
  return { target, subject: target.subject ?? pid };
}

/** Lets the load generator do one round against one target. */
export async function measure(load: ChildProcess, { target, subject }: Ready, seconds: number): Promise<Measured> {
  const before = await cpuMs(subject);
  const timeoutMs = seconds * 1_000 + LAST_ANSWERS_MS;
  const { reply: _, ...round } = await ask(load, { ask: 'run', crowd: target.name, seconds }, 'done', timeoutMs);
  return { target: target.name, ...round, cpuMs: (await cpuMs(subject)) - before };
}

/** Lets the load generator close all its clients. */
export async function hangUp(load: ChildProcess): Promise<void> {
  await ask(load, { ask: 'close' }, 'closed', PREPARE_MS);
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
