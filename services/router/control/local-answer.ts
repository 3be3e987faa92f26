export interface BatteryReading {
  /** 0 to 100. */
  percent: number;
  charging: boolean;
}

/**
 * What the device knows without any model, or undefined where it knows nothing of this intent. The time is the machine's
 * own, in its own zone. @param atMs Unix milliseconds.
 */
export function localAnswer(intent: string, atMs: number, battery: BatteryReading | undefined): string | undefined {
  switch (intent) {
    case 'time':
      return timeAnswer(new Date(atMs));
    case 'battery':
      if (!battery) return 'I cannot read the battery on this device.';
      return `The battery is at ${battery.percent} percent${battery.charging ? ' and charging' : ''}.`;
    default:
      return undefined;
  }
}

function timeAnswer(now: Date): string {
  const clock = now.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const day = now.toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
  return `It is ${clock}, ${day}.`;
}
