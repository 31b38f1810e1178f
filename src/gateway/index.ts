export type { Answer, Call, Downstream, Principal, Scope } from './call.ts';
export type { Gateway } from './contract.ts';
export type { Feed, FeedOptions } from './feed.ts';
export { HubGateway } from './gateway.ts';
export type { LoginPages, LoginPlace } from './login-pages.ts';
