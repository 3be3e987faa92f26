import type { ModelRequest } from '../gemini-simulator.ts';
import type { ConnectionAttempt } from '../live/live-server.ts';

const INPUT_RATE_HZ = 16_000;

export type SimulatorState = ReturnType<typeof stateReport>;

/** Everything the simulator was sent, for tests and people. */
export function stateReport(
  scenario: string | undefined,
  attempts: readonly ConnectionAttempt[],
  requests: readonly ModelRequest[],
) {
  return {
    scenario,
    openSockets: attempts.filter(({ live }) => live && live.state.phase !== 'closed').length,
    attempts: attempts.map(({ connection, atMs, live }) => ({ connection, atMs, opened: live !== undefined })),
    sessions: attempts.flatMap(({ connection, live }) => (live ? [sessionReport(connection, live)] : [])),
    requests,
  };
}

function sessionReport(connection: number, { state, lastImageBytes }: NonNullable<ConnectionAttempt['live']>) {
  return {
    connection,
    phase: state.phase,
    openedAtMs: state.openedAtMs,
    closed: state.closed,
    model: state.setup?.model,
    resumed: state.resumed,
    tools: state.setup?.tools.map((tool) => tool.name) ?? [],
    turns: state.turns,
    generating: state.generation?.stage,
    activities: [...state.activities, ...(state.activity ? [state.activity] : [])].map((activity) => ({
      number: activity.number,
      startedAtMs: activity.startedAtMs,
      endedAtMs: activity.endedAtMs,
      seconds: ((activity.toSample ?? state.recordedSamples) - activity.fromSample) / INPUT_RATE_HZ,
    })),
    heardSeconds: state.recordedSamples / INPUT_RATE_HZ,
    ignoredSeconds: state.ignoredSamples / INPUT_RATE_HZ,
    images: state.images,
    lastImageBytes,
    clientMessages: state.clientMessages,
    hastyActivities: state.hastyActivities,
    lateToolResponses: state.lateToolResponses,
    usage: state.usage,
    remembers: state.context.entries,
  };
}
