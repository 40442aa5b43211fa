/** Long enough for sockets and timers that are closing, short enough for a supervisor that waits to start us again. */
const lastResortMs = 2000;

/**
 * Ends the process with that code when nothing is left to do. If something keeps it alive all the same, it is ended by
 * force: a process that neither serves nor ends would never be started again.
 */
export function endProcess(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(code), lastResortMs).unref();
}
