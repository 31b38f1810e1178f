import type { RoomOf } from './source-rooms.ts';

/** A function as it was called, with what it called. */
export interface Frame {
  readonly name: string;
  readonly stage: string;
  /** Time in it and in what it called; in microseconds. */
  total: number;
  readonly children: Map<string, Frame>;
}

export interface ProfileTree {
  readonly root: Frame;
  /** The shares of the time that was not idle. */
  readonly byStage: ReadonlyMap<string, number>;
}

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Native functions, which have no file: what the system and the machine do for the hub. */
const NATIVE: Readonly<Record<string, string>> = {
  '(garbage collector)': 'garbage collector',
  '(program)': 'Node, outside of JavaScript',
  writev: 'system: writing',
  writeUtf8String: 'system: writing',
  writeLatin1String: 'system: writing',
  writeBuffer: 'system: writing',
};

/** Reads a profile that Node has written (`--cpu-prof`). @param roomOf the room of the hub's own functions */
export function readProfile(text: string, roomOf: RoomOf): ProfileTree {
  const profile = JSON.parse(text) as Profile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const root: Frame = { name: 'all', stage: '', total: 0, children: new Map() };
  const byStage = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const path = pathOf(id, nodes, parents, roomOf);
    const last = path.at(-1);
    if (!last || last.name === '(idle)') continue;
    const us = profile.timeDeltas[at] ?? 0;
    byStage.set(last.stage, (byStage.get(last.stage) ?? 0) + us);
    add(root, path, us);
  }
  return { root, byStage: new Map([...byStage].map(([stage, us]) => [stage, us / root.total])) };
}

function add(root: Frame, path: readonly Pick<Frame, 'name' | 'stage'>[], us: number): void {
  root.total += us;
  let frame = root;
  for (const { name, stage } of path) {
    const key = `${stage} ${name}`;
    const child = frame.children.get(key) ?? { name, stage, total: 0, children: new Map() };
    frame.children.set(key, child);
    child.total += us;
    frame = child;
  }
}

function pathOf(id: number, nodes: ReadonlyMap<number, Node>, parents: ReadonlyMap<number, number>, roomOf: RoomOf) {
  const path: { name: string; stage: string }[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const frame = nodes.get(at)?.callFrame;
    if (!frame || frame.functionName === '(root)') break;
    path.unshift({ name: frame.functionName || '(anonymous)', stage: '' });
    const [own] = path;
    if (own) own.stage = stageOf(frame, roomOf);
  }
  // Native work belongs to whoever had it done, but for what is named above.
  for (const [at, frame] of path.entries()) if (frame.stage === '') frame.stage = path[at - 1]?.stage ?? 'Node: other';
  return path;
}

function stageOf({ functionName, url, lineNumber }: Node['callFrame'], roomOf: RoomOf): string {
  if (url === '') return NATIVE[functionName] ?? '';
  if (!url.startsWith('node:')) return /undici/.test(url) ? 'undici' : roomOf(url, lineNumber, functionName);
  if (/http|url/.test(url)) return 'Node: http';
  if (/net|stream|tls/.test(url)) return 'Node: sockets and streams';
  if (/timers|task_queues|promises|abort_controller|event_target/.test(url)) return 'Node: timers, promises, signals';
  return 'Node: other';
}
