/** The yardstick: a reverse proxy of node:http and nothing else. Usage: `proxy <port of the upstream>`. */
import { Agent, request } from 'node:http';
import { serve } from './serve.ts';

const port = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true });

serve((req, res) => {
  const { method, url: path, headers } = req;
  const forwarded = request({ host: '127.0.0.1', port, agent, method, path, headers }, (reply) => {
    res.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(res);
  });
  forwarded.on('error', () => res.destroy());
  req.pipe(forwarded);
});
