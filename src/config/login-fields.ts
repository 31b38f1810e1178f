import { oauthType } from './oauth-entry.ts';
import type { Fields } from './types.ts';

/** How the hub logs in at a remote server. */
export const loginFields = {
  oauth: {
    type: oauthType,
    about:
      'How the hub logs in at a server that asks for it (docs/oauth.md). Mostly not needed. `false`: it does not. With an `Authorization` header it does not either.',
    elsewhere: ['auth', 'authentication'],
  },
} satisfies Fields;
