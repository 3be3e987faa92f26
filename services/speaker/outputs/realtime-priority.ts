import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** As PulseAudio gives itself: ahead of everything interactive. */
const NICE = -10;

/**
 * Lets this process, and the audio threads and programs it starts from now on, run ahead of others: a sound card waits for nobody.
 * Needs the right to (root, CAP_SYS_NICE or a nice limit); without it the queue ahead of the device grows instead.
 */
export function raisePriority(): void {
  try {
    setPriority(NICE);
    // A kernel that shares the processor out by session first (autogroup, as Raspberry Pi OS has it) weighs niceness only within one: see sched(7).
    writeFileSync('/proc/self/autogroup', String(NICE));
  } catch {
    // Not allowed, or a kernel without autogroup, where niceness weighs everywhere.
  }
}
