/**
 * Ends the process where its output cannot be written any more: quietly when whoever read it has enough (`| head`), with 3 and
 * a word when it is lost (a full disk). Not for `serve` and `stdio`, which outlive their readers or see to it themselves.
 */
export function endWithOutput(process: NodeJS.Process): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    process.stderr.write(`error: The output cannot be written (${error.code ?? error.message}).\n`, () => process.exit(3));
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => process.exit(process.exitCode ?? 0));
}
