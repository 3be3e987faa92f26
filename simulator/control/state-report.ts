import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { ModelRequest } from '../gemini-simulator.ts';
import type { ConnectionAttempt, LiveServer } from '../live/live-server.ts';

export type SimulatorState = ReturnType<typeof stateReport>;

/** Everything the simulator was sent, for tests and people. */
export function stateReport(
  scenario: string | undefined,
  { attempts, mostAtOnce }: Pick<LiveServer, 'attempts' | 'mostAtOnce'>,
  requests: readonly ModelRequest[],
) {
  return {
    scenario,
    openSockets: attempts.filter(({ live }) => live && live.state.phase !== 'closed').length,
    mostAtOnce,
    attempts: attempts.map(({ connection, atMs, endedAtMs, live }) => ({
      connection,
      atMs,
      endedAtMs,
      opened: live !== undefined,
    })),
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
      seconds: ((activity.toSample ?? state.recordedSamples) - activity.fromSample) / MICROPHONE_RATE_HZ,
    })),
    heardSeconds: state.recordedSamples / MICROPHONE_RATE_HZ,
    ignoredSeconds: state.ignoredSamples / MICROPHONE_RATE_HZ,
    images: state.images,
    lastImageBytes,
    clientMessages: state.clientMessages,
    hastyActivities: state.hastyActivities,
    lateToolResponses: state.lateToolResponses,
    usage: state.usage,
    remembers: state.context.entries,
  };
}
