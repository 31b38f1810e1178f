import { readdirSync, readFileSync } from 'node:fs';

/** A process as everybody with the same user sees it. */
export interface SeenProcess {
  readonly pid: number;
  readonly cmdline: string;
  readonly environ: string;
}

/** The processes that `pid` has started, and those that these have; on Linux. */
export function descendants(pid: number): readonly SeenProcess[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = read(`/proc/${name}/status`);
    parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }
  const isBelow = (one: number): boolean => {
    const parent = parents.get(one) ?? 0;
    return parent === pid || (parent > 1 && isBelow(parent));
  };
  return [...parents.keys()]
    .filter(isBelow)
    .map((one) => ({ pid: one, cmdline: read(`/proc/${one}/cmdline`), environ: read(`/proc/${one}/environ`) }));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Expected: ENOENT, it has ended meanwhile.
    return '';
  }
}
