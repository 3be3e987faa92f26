import { readdirSync, readFileSync } from 'node:fs';
import type { Pm2Stack } from './pm2-stack.ts';
import type { VirtualSoundCard } from './virtual-sound-card.ts';

/** How many captures are open on the card. */
export async function sourceOutputs(card: VirtualSoundCard): Promise<number> {
  const list = await card.pactl('list', 'short', 'source-outputs');
  return list.split('\n').filter(Boolean).length;
}

/** Process ids of everything that runs audio-in in this stack, as PM2's or as an interim one. */
export function audioInProcesses(stack: Pm2Stack): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && read(pid, 'cmdline').includes('audio-in.cjs'))
    .filter((pid) => read(pid, 'environ').includes(stack.stateDir));
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
