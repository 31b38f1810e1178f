import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilOpen } from './first-request.ts';
import { freePort } from './free-port.ts';
import { outputOf } from './output-of.ts';
import type { Processes, Served } from './processes.ts';

/**
 * Starts nginx as a reverse proxy with kept-alive connections: one process, without a log, and nothing goes through its disk.
 *
 * @throws Error when there is none, or it does not open its port.
 */
export async function startNginx(processes: Processes, upstreamPort: number): Promise<Served & { readonly version: string }> {
  const folder = join(processes.folder, 'nginx');
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, config(folder, port, upstreamPort));
  const child = processes.run('nginx', ['-e', 'stderr', '-p', folder, '-c', file], { capture: true });
  const output = outputOf(child);
  let isMissing = false;
  child.once('error', (error) => {
    isMissing = 'code' in error && error.code === 'ENOENT';
  });
  const socket = await untilOpen(port, child).catch(() => {
    throw new Error(isMissing ? 'is not installed (Debian: apt-get install nginx-light)' : `does not start: ${output()}`);
  });
  socket.destroy();
  return { child, port, version: versionOf() };
}

function versionOf(): string {
  const { stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  return /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'unknown';
}

/** `keepalive` holds as many idle connections as there are clients; a buffered answer waits for its end, which streams must not. */
function config(folder: string, port: number, upstreamPort: number): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream target {
    server 127.0.0.1:${upstreamPort};
    keepalive 128;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://target;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
    }
  }
}
`;
}
