export { MESSAGES_PATH } from './app.ts';
export { HttpServer } from './http-server.ts';
export type { Management } from './management.ts';
