/**
 * What the process runs that asks the keyring one question. The question comes on standard input, since arguments are for everybody to
 * see, and the answer goes to standard output. Whatever becomes of the hub, it ends after a minute.
 */
export const KEYRING_SCRIPT = `
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 60000).unref();
let input = '';
process.stdin.setEncoding('utf8').on('data', (text) => (input += text)).on('end', async () => {
  const { op, service, name, value, module } = JSON.parse(input);
  try {
    const { AsyncEntry } = require(module);
    const entry = new AsyncEntry(service, name, process.platform === 'linux' ? { linux: { store: 'secret-service' } } : undefined);
    let found = null;
    if (op === 'get') found = await entry.getPassword();
    else if (op === 'set') await entry.setPassword(value);
    else await entry.deletePassword();
    answer(found === null ? {} : { value: found });
  } catch (error) {
    answer({ error: String(error.message).split('\\n')[0] });
  }
});
function answer(it) {
  process.stdout.write(JSON.stringify(it), () => process.exit(0));
}
`;
