/** Loaded into the processes under test where the operating system has no /proc: tells the parent the CPU time used. */
process.on('message', (message) => {
  if (message !== 'cpu') return;
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000 });
});
// To be asked is no reason to stay.
process.channel?.unref();
