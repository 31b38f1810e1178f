import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The room of the function that begins at a line of a bundled file. @param line counted from 0 */
export type RoomOf = (url: string, line: number, name: string) => string;

const DECLARED = /^(?:export )?(?:async )?(?:abstract )?(?:function\*?|class) (\w+)/;

/**
 * Finds the rooms of bundled functions by the names of classes and functions, since the bundle says of no line where it is from: a
 * method belongs to the class that was declared last before it. What is in no source is a library's.
 *
 * @param src the folder of the sources
 */
export function sourceRooms(src: URL): RoomOf {
  const rooms = roomsByName(fileURLToPath(src));
  const files = new Map<string, readonly string[]>();
  const linesOf = (url: string): readonly string[] => {
    const known = files.get(url);
    if (known) return known;
    const path = url.startsWith('file:') ? fileURLToPath(url) : url;
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    files.set(url, lines);
    return lines;
  };
  return (url, line, name) => {
    const lines = linesOf(url);
    for (let at = line; at >= 0; at -= 1) {
      const text = lines[at] ?? '';
      const declared = /^\s*(?:var|let|const) (\w+) = (?:class|async \(|\()/.exec(text)?.[1] ?? DECLARED.exec(text.trim())?.[1];
      const room = declared === undefined ? undefined : (rooms.get(declared.replace(/\d+$/, '')) ?? rooms.get(declared));
      if (room !== undefined) return room;
      if (declared !== undefined && at < line) break;
    }
    return rooms.get(name) ?? 'libraries';
  };
}

function roomsByName(src: string): ReadonlyMap<string, string> {
  const rooms = new Map<string, string>();
  for (const path of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    const parts = path.split(/[\\/]/);
    const room = parts[0] === 'upstream' && parts.length > 2 ? `upstream/${parts[1]}` : (parts[0] ?? '');
    for (const line of readFileSync(join(src, path), 'utf8').split('\n')) {
      const name = DECLARED.exec(line)?.[1] ?? /^(?:export )?const (\w+) = (?:async )?\(/.exec(line)?.[1];
      if (name !== undefined) rooms.set(name, room);
    }
  }
  return rooms;
}
