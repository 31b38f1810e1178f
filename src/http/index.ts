export { MESSAGES_PATH } from './app.ts';
export { HttpServer, type HttpServerOptions } from './http-server.ts';
export type { Management } from './management.ts';
