import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { jsonText } from '../base/index.ts';
import type { CommandIo } from './command.ts';
import { memberOf, textOf } from './json.ts';
import { printable, printableLine } from './style.ts';

/** A piece of what a server has answered: text to show, or bytes that a terminal cannot show. */
export type Piece = { readonly text: string } | { readonly base64: string; readonly mimeType: string; readonly what: string };

/** What one content block of a tool or prompt says (MCP "ContentBlock"). */
export function pieceOf(block: unknown): Piece {
  const [type, mimeType] = [textOf(block, 'type'), textOf(block, 'mimeType')];
  if (type === 'text') return { text: textOf(block, 'text') };
  if (type === 'image' || type === 'audio') return { base64: textOf(block, 'data'), mimeType, what: type };
  if (type === 'resource') return resourcePiece(memberOf(block, 'resource'));
  if (type === 'resource_link') return { text: [textOf(block, 'uri'), textOf(block, 'name')].join('  ').trimEnd() };
  return { text: jsonText(block) };
}

/** What one item of a resource says. */
export function resourcePiece(item: unknown): Piece {
  const base64 = memberOf(item, 'blob');
  if (typeof base64 !== 'string') return { text: textOf(item, 'text') };
  return { base64, mimeType: textOf(item, 'mimeType'), what: textOf(item, 'uri') };
}

/** Prints what is text; what is not is saved in the folder, or told of on standard error when there is none. */
export async function showPieces(pieces: readonly Piece[], name: string, folder: unknown, io: CommandIo): Promise<void> {
  let count = 0;
  for (const piece of pieces) {
    if ('text' in piece) {
      io.print(shown(piece.text, io));
      continue;
    }
    count += 1;
    const bytes = Buffer.from(piece.base64, 'base64');
    const what = printableLine(`${piece.what} ${piece.mimeType}`);
    if (typeof folder !== 'string') {
      io.tell(`note: ${what}, ${bytes.length} bytes, is not shown; --output <folder> saves it.`);
      continue;
    }
    const path = join(folder, `${name.replace(/[^\w.-]/g, '_')}-${count}${extensionOf(piece.mimeType)}`);
    await mkdir(resolve(io.process.cwd(), folder), { recursive: true });
    await writeFile(resolve(io.process.cwd(), path), bytes);
    io.tell(`note: ${what}, ${bytes.length} bytes, is in ${path}`);
  }
}

/** Foreign text as it came for a program, without its escape sequences for a terminal. */
export function shown(text: string, { process }: CommandIo): string {
  return process.stdout.isTTY ? printable(text) : text;
}

function extensionOf(mimeType: string): string {
  const subtype = /^[\w.-]+\/([\w-]+)/.exec(mimeType)?.[1];
  if (subtype === undefined || subtype === 'octet-stream') return '.bin';
  return `.${EXTENSIONS[subtype] ?? subtype}`;
}

const EXTENSIONS: Readonly<Record<string, string>> = { jpeg: 'jpg', svg: 'svg', plain: 'txt', mpeg: 'mp3', markdown: 'md' };
