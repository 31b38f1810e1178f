export type { AccessKeys } from './auth/access.ts';
export { CALLBACK_PATH } from './auth/door.ts';
export { MESSAGES_PATH } from './app.ts';
export { HttpServer, type HttpServerOptions } from './http-server.ts';
export type * from './event-feed.ts';
export type * from './management.ts';
