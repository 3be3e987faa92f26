/**
 * Which of two overlapping processes has the microphone (reload): the younger one waits, listens along and takes over where
 * the older one leaves; the older one retires if it is overtaken, and comes back if its successor dies.
 */
export type Role = 'waiting' | 'splicing' | 'active' | 'retired';

export type SuccessionEvent =
  /** Our own device delivers and we know whether somebody is there already. */
  | { kind: 'listening'; predecessor: boolean }
  /** The predecessor has said where it stopped. */
  | { kind: 'predecessorLeft' }
  /** The predecessor is dead, or has given no sign of life for too long. */
  | { kind: 'predecessorGone' }
  /** Our capture has been joined to the predecessor's. */
  | { kind: 'spliced' }
  | { kind: 'successorTook' }
  | { kind: 'successorGone' };

/** `splice`: join the captures, then say `spliced`. `takeOver`: begin without one. `announce`: tell a predecessor that lives on. */
export type SuccessionEffect = 'splice' | 'takeOver' | 'announce' | 'closeDevice' | 'openDevice';

export function nextRole(role: Role, event: SuccessionEvent): { role: Role; effects: SuccessionEffect[] } {
  switch (event.kind) {
    case 'listening':
      if (role !== 'waiting' || event.predecessor) break;
      return { role: 'active', effects: ['takeOver', 'announce'] };
    case 'predecessorLeft':
      if (role !== 'waiting') break;
      return { role: 'splicing', effects: ['splice'] };
    case 'predecessorGone':
      if (role !== 'waiting') break;
      return { role: 'active', effects: ['takeOver', 'announce'] };
    case 'spliced':
      if (role !== 'splicing') break;
      return { role: 'active', effects: ['announce'] };
    case 'successorTook':
      // In `splicing`: another one has joined to the same predecessor and was faster. Both would go on with the same stream.
      if (role !== 'active' && role !== 'splicing') break;
      return { role: 'retired', effects: ['closeDevice'] };
    case 'successorGone':
      if (role !== 'retired') break;
      return { role: 'active', effects: ['openDevice'] };
  }
  return { role, effects: [] };
}
