import { isSecretName } from '../config/index.ts';

/** What of Node's diagnostic reports matters here; `excludeEnv` came with Node 22.13. */
interface Reports {
  excludeEnv?: boolean;
  reportOnFatalError: boolean;
  reportOnSignal: boolean;
  reportOnUncaughtException: boolean;
}

interface ProcessLike {
  readonly env: NodeJS.ProcessEnv;
  readonly report?: Reports | undefined;
}

/** Names that sound like it and lead to a folder or a service of the desktop. */
const HARMLESS = /^(?:SSH_AUTH_SOCK|XAUTHORITY|DBUS_\w+|XDG_\w+|(?:OLD)?PWD)$/i;

/**
 * The environment as the hub resolves placeholders with it. From the process's own, which every program gets that a library starts (a
 * browser, `systemd-notify`) and which stands in reports of crashes, what may be a secret is taken out.
 */
export function takeEnvironment({ env, report }: ProcessLike): NodeJS.ProcessEnv {
  const taken = { ...env };
  for (const name of Object.keys(taken)) {
    if (name === 'MCP_HUB_ENV' || (isSecretName(name) && !HARMLESS.test(name))) delete env[name];
  }
  if (report) withoutEnvironment(report);
  return taken;
}

/** Somebody may have asked for reports by `NODE_OPTIONS`. Where Node cannot leave the environment out, there are none. */
function withoutEnvironment(report: Reports): void {
  if ('excludeEnv' in report) {
    report.excludeEnv = true;
    return;
  }
  report.reportOnFatalError = false;
  report.reportOnSignal = false;
  report.reportOnUncaughtException = false;
}
