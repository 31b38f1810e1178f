/** The library in a file of its own: a bundler can load it later only where its names are known. */
export { EnvHttpProxyAgent, fetch } from 'undici';
