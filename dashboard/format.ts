/** 950 ms, 1.4 s, 12 s, 3 min 5 s, 2 h 7 min, 3 d 4 h: two units at most. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** 73 MB; one decimal below ten. */
export function megabytes(bytes: number): string {
  const value = bytes / 1_000_000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
}

/** A meter's value by what its name says of the unit. */
export function meterValue(name: string, value: number): string {
  if (name.endsWith('Bytes')) return megabytes(value);
  if (name.endsWith('Ms')) return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(2);
}

/** `busBadPayloads` → `bus bad payloads`. */
export function meterName(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
}
