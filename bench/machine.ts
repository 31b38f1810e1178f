import { arch, cpus, platform } from 'node:os';

/** One line on what the figures were measured on. */
export function machine(): string {
  const all = cpus();
  return `Node ${process.versions.node}, ${platform()} ${arch()}, ${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`;
}
