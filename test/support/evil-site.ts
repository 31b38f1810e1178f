import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from '../fixtures/http/listen.ts';

/** The web server of somebody who means no good. */
export interface EvilSite {
  readonly port: number;
  close(): Promise<void>;
}

const PAGE = '<!doctype html><title>A page</title><body><script type="module" src="/attack.mjs"></script></body>';
const SANDBOXED = 'sandbox allow-scripts allow-forms allow-popups';

/** Serves the page of test/fixtures/pages: `/` as it is, `/sandboxed` with an origin that is `null`, and `/onward/<status>?to=<url>`. */
export async function startEvilSite(): Promise<EvilSite> {
  const { url, close } = await listen((req, res) => void serve(req, res), '');
  return { port: Number(new URL(url).port), close };
}

async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://evil.example');
  req.resume();
  // A connection is not kept: a name that leads elsewhere later on is asked anew.
  res.setHeader('connection', 'close');
  const status = /^\/onward\/(\d+)$/.exec(pathname)?.[1];
  if (status !== undefined) return void res.writeHead(Number(status), { location: searchParams.get('to') ?? '/' }).end();
  if (/^\/\w+\.mjs$/.test(pathname)) {
    const script = await readFile(new URL(`../fixtures/pages${pathname}`, import.meta.url));
    return void res.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' }).end(script);
  }
  const policy = pathname === '/sandboxed' ? { 'content-security-policy': SANDBOXED } : {};
  res.writeHead(200, { 'content-type': 'text/html', ...policy }).end(PAGE);
}
