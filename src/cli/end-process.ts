/** Long enough for sockets and timers to close, short enough for a supervisor that waits to start us again. */
const lastResortMs = 2000;

/**
 * Ends the process with that code when nothing is left to do. If something still keeps the process alive, ends it by
 * force: a supervisor never restarts a process that neither serves nor ends.
 */
export function endProcess(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(code), lastResortMs).unref();
}
