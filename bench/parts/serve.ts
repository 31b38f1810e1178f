import { createServer, type RequestListener } from 'node:http';

/** Serves on a loopback port, a free one by default, tells it to the parent process, and ends with the parent. */
export function serve(listener: RequestListener, port = 0): void {
  const server = createServer(listener);
  // Longer than a whole run, so that no client meets a connection that is being closed for being idle.
  server.keepAliveTimeout = 600_000;
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
  });
  process.once('disconnect', () => process.exit());
}
