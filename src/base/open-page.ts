/** Whether there is a screen that a page can be shown on. */
export function hasScreen(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  return platform !== 'linux' || ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => env[name]);
}

/**
 * Opens a page in the person's browser. Resolves when the browser was started.
 *
 * @param onError told when it turns out later that there is none
 * @throws what starting a program can throw
 */
export async function openPage(url: string, onError: (error: Error) => void): Promise<void> {
  const { default: open } = await import('open');
  const browser = await open(url);
  browser.on('error', onError);
}
