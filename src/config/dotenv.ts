const LINE =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:'([^']*)'|"((?:\\[^]|[^"\\])*)"|`([^`]*)`|([^\n\r]*?))[ \t]*(?:[ \t]#[^\n\r]*)?\r?$/gm;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/**
 * Reads a dotenv file: `NAME=value`, with `export`, comments, and values in quotes that may go over several lines.
 * In double quotes, `\n`, `\r`, `\t`, `\"` and `\\` are escapes; nothing else is expanded. Other lines are skipped.
 */
export function parseDotenv(text: string): Readonly<Record<string, string>> {
  const entries = [...text.replace(/^\uFEFF/, '').matchAll(LINE)].map(
    ([, key = '', single, double, backtick, bare = '']): [string, string] => {
      if (double !== undefined) return [key, double.replace(/\\([nrt"\\])/g, (all, escape: string) => ESCAPES[escape] ?? all)];
      return [key, single ?? backtick ?? bareValue(bare)];
    },
  );
  return Object.fromEntries(entries);
}

/** A comment directly after the equals sign leaves an empty value. */
function bareValue(bare: string): string {
  return bare.startsWith('#') ? '' : bare.trim();
}
