/** How a text may stand somewhere without being written as it is: in JSON, in addresses, in base64 (also in the middle of it), in hex. */
function spellingsOf(secret: string): readonly string[] {
  const inBase64 = [0, 1, 2].flatMap((before) => {
    const whole = Buffer.from('x'.repeat(before) + secret).toString('base64');
    // The characters at both ends depend on what stands around it.
    const core = whole.slice([0, 2, 3][before], -4);
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [
    ...new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
      encodeURIComponent(secret),
      encodeURIComponent(secret).replaceAll('%20', '+'),
      ...inBase64,
      Buffer.from(secret).toString('hex'),
    ]),
  ];
}

/** Where a secret stands in a text, with what is around it. */
export function findSecret(text: string, secret: string): string | undefined {
  for (const spelling of spellingsOf(secret)) {
    const at = text.indexOf(spelling);
    if (at >= 0) return `…${text.slice(Math.max(0, at - 120), at + spelling.length + 40)}…`;
  }
  return undefined;
}
