/** Whether this machine has a process of that id. What a message on the bus claims of another process need not be so. */
export function isProcessAlive(pid: number): boolean {
  // 0 and negative numbers name groups of processes, which always exist.
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
