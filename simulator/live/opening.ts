import { drawLatency } from './latency.ts';
import { connectionFault, type Resumption, type Step } from './session-state.ts';
import { readSetup } from './setup.ts';
import { close, drop, patch, schedule } from './step.ts';
import { NO_TOKENS, textTokens } from './usage.ts';

/** The client's setup: refused with the close it deserves, or answered with setupComplete after the drawn latency. */
export function receiveSetup(step: Step, atMs: number, raw: unknown, resumption: Resumption | undefined): void {
  const { profile } = step.state;
  if (profile.keyProblem) {
    close(step, atMs, profile.keyProblem);
    return;
  }
  const closeOnSetup = connectionFault(profile, 'close-on-setup');
  if (closeOnSetup) {
    close(step, atMs, closeOnSetup.cause);
    return;
  }
  if (connectionFault(profile, 'drop-on-setup')) {
    drop(step, atMs);
    return;
  }
  const read = readSetup(raw, profile.liveModels);
  if ('refused' in read) {
    close(step, atMs, read.refused);
    return;
  }
  const { setup } = read;
  if (setup.handle) {
    const refused = connectionFault(profile, 'refuse-resume');
    if (refused) {
      close(step, atMs, refused.cause);
      return;
    }
    if (resumption?.kind === 'still-open') {
      close(step, atMs, 'internal');
      return;
    }
    if (resumption?.kind !== 'found') {
      close(step, atMs, 'unknown-handle');
      return;
    }
    patch(step, { resumed: true, context: resumption.context });
  } else {
    const tokens = { ...NO_TOKENS, TEXT: textTokens(setup.systemInstruction) };
    patch(step, { context: { ...step.state.context, tokens, startedAtMs: atMs } });
  }
  const drawn = drawLatency(profile.timing.setup, step.state.randomState);
  patch(step, { phase: 'preparing', setup, randomState: drawn.state });
  if (connectionFault(profile, 'no-setup-complete')) return;
  const lateMs = connectionFault(profile, 'late-setup-complete')?.byMs ?? 0;
  schedule(step, atMs + drawn.latencyMs + lateMs, { kind: 'complete-setup' });
}
