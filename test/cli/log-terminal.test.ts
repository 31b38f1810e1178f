import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/base/index.ts';
import { terminalLog } from '../../src/cli/log-terminal.ts';
import { plainStyle } from '../../src/cli/style.ts';

function written(verbose: boolean): string {
  let text = '';
  const logger = createLogger([terminalLog({ write: (more) => (text += more), style: plainStyle, verbose })]);
  logger.debug('small', { server: 'a' });
  logger.info('fine');
  logger.warn('odd\u001B[2J', { code: 'TIMEOUT', server: 'a' });
  logger.error('bad');
  logger.warn('Down.', { server: 'a', status: 'disconnected' });
  return text;
}

describe('terminalLog', () => {
  it('shows warnings and errors, but not how servers are: the start screen does', () => {
    expect(written(false)).toBe('warning: odd [TIMEOUT]\nerror: bad\n');
  });

  it('shows everything when verbose', () => {
    expect(written(true)).toBe(
      'debug: small {"server":"a"}\ninfo: fine\nwarning: odd [TIMEOUT] {"server":"a"}\nerror: bad\nwarning: Down. {"server":"a","status":"disconnected"}\n',
    );
  });
});
