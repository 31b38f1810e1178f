import { describe, expect, it } from 'vitest';
import { takeEnvironment } from '../../src/cli/process-environment.ts';

const off = { reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false };
const on = { reportOnFatalError: true, reportOnSignal: true, reportOnUncaughtException: true };

describe('the environment of the process', () => {
  it('is taken for placeholders, and what may be secret is left to nobody else', () => {
    const all = { PATH: '/bin', MCP_HUB_ENV: '{"A":"x"}', GITHUB_TOKEN: 'x', A_KEY: 'x', PWD: '/', SSH_AUTH_SOCK: '/s', XAUTHORITY: '/x' };
    const env: NodeJS.ProcessEnv = { ...all };
    expect(takeEnvironment({ env })).toEqual(all);
    expect(env).toEqual({ PATH: '/bin', PWD: '/', SSH_AUTH_SOCK: '/s', XAUTHORITY: '/x' });
  });

  it('stands in no report of a crash', () => {
    const old = { ...on };
    takeEnvironment({ env: {}, report: old });
    expect(old).toEqual(off);
    const recent = { ...on, excludeEnv: false };
    takeEnvironment({ env: {}, report: recent });
    expect(recent).toEqual({ ...on, excludeEnv: true });
  });
});
