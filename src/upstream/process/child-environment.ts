/**
 * The variables of the hub's own environment that every server gets: enough for a program to find itself, its
 * network and its user's desktop, and nothing that a person keeps secrets in. docs/configuration.md lists them.
 */
export const INHERITED_VARIABLES = {
  'the user and the shell': ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'],
  'language and time': ['LANG', 'LANGUAGE', 'LC_*', 'TZ'],
  folders: ['TMPDIR', 'XDG_*'],
  'network proxies': [
    'ALL_PROXY',
    'FTP_PROXY',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'all_proxy',
    'ftp_proxy',
    'http_proxy',
    'https_proxy',
    'no_proxy',
  ],
  'certificate authorities': ['CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_DIR', 'SSL_CERT_FILE'],
  'desktop and agents': ['DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'DOCKER_HOST', 'SSH_AUTH_SOCK', 'WAYLAND_DISPLAY', 'XAUTHORITY'],
} as const;

export const INHERITED_ON_WINDOWS = [
  'ALLUSERSPROFILE',
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'NUMBER_OF_PROCESSORS',
  'OS',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERDOMAIN',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
];

const names: ReadonlySet<string> = new Set(Object.values(INHERITED_VARIABLES).flat());
const windowsNames: ReadonlySet<string> = new Set([...names, ...INHERITED_ON_WINDOWS].map((name) => name.toUpperCase()));

/** The part of `env` that a server inherits. Windows does not tell upper from lower case in names. */
export function inheritedEnvironment(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Record<string, string> {
  const windows = platform === 'win32';
  const inherited = (name: string): boolean =>
    /^(?:LC|XDG)_/.test(name) || (windows ? windowsNames.has(name.toUpperCase()) : names.has(name));
  // A value that starts with "()" is an exported shell function, which some shells run when they start.
  const entries = Object.entries(env).filter(([name, value]) => inherited(name) && value !== undefined && !value.startsWith('()'));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}
