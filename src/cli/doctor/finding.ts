/** One line of `mcp-hub doctor`. */
export interface Finding {
  /** What was looked at. */
  readonly area: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export const ok = (area: string, text: string): Finding => ({ area, level: 'ok', text });
export const warn = (area: string, text: string, remedy: string): Finding => ({ area, level: 'warn', text, remedy });
export const fail = (area: string, text: string, remedy: string): Finding => ({ area, level: 'fail', text, remedy });
