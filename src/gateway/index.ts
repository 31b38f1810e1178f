export type { Answer, Call, Downstream, Handler, Policy, Principal, Scope } from './call.ts';
