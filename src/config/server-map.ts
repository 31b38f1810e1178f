import type { Member, ObjectNode } from './json5.ts';
import { presentIn } from './types.ts';

/** Both spellings of the key under which the servers stand. */
interface ServerMaps {
  /** The one that counts: of both, `servers`, as other readers of such files have it. */
  readonly map: Member | undefined;
  /** The one that is left out. */
  readonly other: Member | undefined;
}

export function serverMapsOf(root: ObjectNode): ServerMaps {
  const { members } = presentIn(root);
  const [map, other] = ['servers', 'mcpServers'].flatMap((wanted) => members.filter(({ key }) => key === wanted));
  return { map, other };
}
