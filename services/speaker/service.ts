import { join } from 'node:path';
import type { Alert } from '#shared/contract/speaker.ts';
import { replyResend } from '#shared/contract/thinker.ts';
import { machineProcesses, type Processes } from '#shared/lifecycle/process-identity.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { type Speak, soundAlert, speakLocally } from './alerts/alert-desk.ts';
import { AlertGate } from './alerts/alert-gate.ts';
import { obeyCommands } from './commands.ts';
import { watchEnds } from './handover/end-watch.ts';
import {
  HandoverBook,
  inheritanceOf,
  isNotedWithPeriod,
  isStale,
  LAST_WORD_MS,
  silenceAfter,
  turnsAfter,
  untoldEndsOf,
} from './handover/handover.ts';
import { lastPeriodIsMissing } from './handover/last-period.ts';
import { type PlayoutRecord, readPlayoutRecord } from './handover/playout-record.ts';
import {
  findPredecessor,
  type Predecessor,
  stillPlays,
  untilSilent,
  watchPredecessor,
} from './handover/predecessor.ts';
import { hasCaughtUp, readyBesidePredecessor } from './handover/readiness.ts';
import { samplesPipeIn } from './outputs/aplay-process.ts';
import { chooseOutput } from './outputs/choose-output.ts';
import { type OpenOutput, PERIOD_SAMPLES } from './outputs/output.ts';
import { keepOutput } from './outputs/output-keeper.ts';
import { samplesOf } from './playout/playout-state.ts';
import { ReplyIntake } from './reply-intake.ts';
import { Reports } from './reports.ts';
import { Speaker } from './speaker.ts';

const STOP_LIMIT_MS = 500;

/** What tests put in the place of the machine. */
export interface SpeakerParts {
  openOutput?: OpenOutput;
  speak?: Speak;
  processes?: Processes;
}

/**
 * Plays replies and alerts, and tells the bus exactly what was heard of them. Beside a running predecessor it gets
 * everything ready and begins where that one stops.
 */
export async function startSpeaker(context: ServiceContext, parts: SpeakerParts = {}): Promise<Running> {
  const { bus, clock, log, meters, settings } = context;
  const { speak = speakLocally, processes = machineProcesses() } = parts;
  const { openOutput = chooseOutput(settings, { ...context, me: processes.me }) } = parts;
  const recordPath = join(settings.stateDir, 'speaker-playout.json');
  const predecessor = findPredecessor(recordPath, processes);
  /** Whether it was killed with a period noted and not written. */
  const lacksPeriod = ({ alive, record }: Predecessor) =>
    !alive && isNotedWithPeriod(record) && lastPeriodIsMissing(recordPath, samplesPipeIn(settings.stateDir));
  // Looked at now: opening a device may make a new pipe.
  const lackedAtStart = predecessor !== undefined && lacksPeriod(predecessor);
  const reports = new Reports(context);
  const speaker = new Speaker(settings.bargeIn, (news) => reports.hear(news), retrieve);
  const book = new HandoverBook(recordPath, processes.me, clock);
  const alerts = new AlertGate(clock, play);
  const intake = new ReplyIntake(speaker, context, () => received());
  const teardown = new Teardown();
  let active = false;
  let leaving = false;
  let standingBy = true;
  /** Whether what the predecessor played has been received here beside it: then nothing has to be asked for, or waited for. */
  let stoodBy = false;
  let received = (): void => undefined;
  /** Interrupts given while no speaker ran, which come before it is known what they were about. */
  let early: { utterance?: number }[] | undefined = [];
  let inheritedFrom: string | undefined;
  let letAlone = (): void => undefined;
  const alone = new Promise<void>((resolve) => {
    letAlone = resolve;
  });
  // Nothing sounds before it is known what a predecessor has left to say.
  speaker.tell({ type: 'held', by: 'standby' });

  const output = keepOutput(
    openOutput,
    {
      source(count) {
        const samples = speaker.render(count);
        reports.alerting(!speaker.alerts.isSilent);
        return samples;
      },
      handedOver() {
        if (active) note();
        // The end of it is told when the device has the last sample: on the same device a successor begins at once.
        else if (leaving) note(Math.max(1, speaker.samplesToGo));
      },
      alone: () => alone,
      predecessorPlays() {
        const now = findPredecessor(recordPath, processes);
        return now?.alive === true && !now.record.final;
      },
      named(name) {
        context.describe(name);
        reports.change({ output: name });
      },
      latencyChanged: (samples) => speaker.tell({ type: 'latencyChanged', samples }),
      lost: (unheardSamples) => speaker.tell({ type: 'deviceLost', unheardSamples }),
      gaveUp: (error) => context.fail(error),
    },
    context,
  );
  teardown.add(() => book.close());
  teardown.add(() => output.close());

  /** See `HandoverBook`. */
  function note(toGo?: number, retrieving = 0): void {
    const { heard, playout } = speaker;
    book.write(playout, { heard, ...output.latency, retrieving, ...(toGo !== undefined && { toGo }) });
  }

  /** Noted before: whoever follows a process that is killed with these samples in its hands plays them again. */
  function retrieve(samples: number, areSilence: boolean): number {
    const retrieving = output.retrievable - (areSilence ? samples : 0);
    if (active && retrieving > 0) note(undefined, retrieving);
    const back = output.takeBack(samples);
    if (active && back === 0) note();
    return back;
  }

  function play(payload: Alert): void {
    if (speaker.isMuted && payload.earcon !== 'danger') meters.count('alertsMuted');
    else {
      void soundAlert(payload, speaker.alerts, { speak, log, meters });
      speaker.attend();
    }
  }

  try {
    teardown.add(await reports.start());
    // Before the record is read for good: an end that is told after this look at the bus is noted there.
    const ends = await watchEnds({ bus, clock, processes }, (end) =>
      reports.hear({ type: 'told', state: 'finished', ...end }),
    );
    teardown.add(() => ends.stop());
    const obedience = await obeyCommands(
      speaker,
      { bus, clock, bargeIn: settings.bargeIn },
      {
        sound: (payload) => alerts.sound(payload),
        volumeChanged: (volume) => reports.change({ volume }),
        interrupted(by) {
          speaker.tell({ type: 'interrupted', ...by });
          early?.push(by);
        },
        failed: (turn, sounded) => intake.failed(turn, sounded),
      },
    );
    teardown.add(() => obedience.end());
    teardown.add(await intake.start());

    /** Gets ready for what a predecessor plays; if it is killed, what it handed over last has to be played again. */
    function prepare({ turns }: PlayoutRecord): void {
      for (const { turn, position } of turns) {
        const from = Math.max(0, position - REPLY_RATE_HZ);
        speaker.tell({ type: 'continued', turn, position: from });
        intake.expect(turn, from);
      }
    }

    /** Beside its process a record is of this moment, whatever clock it was written by: the machine's may have been set since. */
    const nowBy = (record: PlayoutRecord): number => (stoodBy ? record.atMs : clock.nowMs());

    /** Everything a predecessor that plays no more has left to say is ours. */
    function inherit(found: Predecessor): void {
      inheritedFrom = found.record.process;
      const lackedBefore = lackedAtStart && found.record.process === predecessor?.record.process;
      const lacks = lackedBefore || (output.continues && lacksPeriod(found));
      const { record } = found;
      const isTold = ({ turn }: { turn: number }): boolean => ends.told.includes(turn);
      const leaving = record.leaving.filter((each) => !isTold(each));
      const over = [...record.over, ...record.leaving.filter(isTold).map(({ turn }) => turn)];
      const nowMs = nowBy(record);
      const inheritance = inheritanceOf({ ...record, leaving, over }, nowMs, lacks ? PERIOD_SAMPLES : 0);
      ends.leaveTo(record.process, untoldEndsOf(record, nowMs));
      speaker.tell({ type: 'restored', inheritance: { ...inheritance, afterGap: !stoodBy && !found.alive } });
      for (const by of early ?? []) speaker.tell({ type: 'interrupted', ...by });
      for (const { turn, position } of speaker.playout.turns) intake.expect(turn, position);
    }

    /** From here on this process is the speaker; it goes on where the record ends. */
    function takeOver(found?: Predecessor): void {
      const { record } = found ?? {};
      const goesOn = record && inheritanceOf(record, nowBy(record)).turns.find(({ turn }) => turn === record.current);
      standingBy = false;
      received();
      reports.begin(goesOn && !speaker.playout.over.includes(goesOn.turn) ? goesOn : undefined);
      if (record?.heard && !isStale(record, clock.nowMs()))
        obedience.listen({ type: 'inherited', heard: record.heard });
      if (found?.alive) prepare(found.record);
      else if (found) inherit(found);
      if (record) {
        for (const stream of turnsAfter(record)) bus.publish(replyResend, { stream, from: 0 });
      }
      void untilSilent(recordPath, { clock, processes }).then(letAlone);
      // The predecessor's last samples are still on their way.
      const silence = (): number => {
        if (!record || output.continues) return 0;
        return Math.max(0, silenceAfter(record, clock.nowMs()) - output.latency.unheard);
      };
      speaker.beginAfter(silence, () => {
        // Kept until here, because it is the predecessor that writes it as long as it plays. Of two that have waited for the
        // same one, the first that begins is the other's predecessor.
        const now = findPredecessor(recordPath, processes);
        if (stillPlays(now)) {
          reports.rest();
          return false;
        }
        const last = now ?? found;
        if (last && last.record.process !== inheritedFrom) {
          inherit(last);
          reports.begin(speaker.playout.turns.find(({ turn }) => turn === last.record.current));
        }
        active = true;
        return true;
      });
      alerts.open();
    }

    if (predecessor?.alive && !predecessor.record.final) {
      log.info({ predecessor: predecessor.record.process }, 'standing by until the predecessor stops');
      prepare(predecessor.record);
      stoodBy = true;
      early = undefined;
      teardown.add(await watchPredecessor(recordPath, { bus, clock, processes }, takeOver));
      const isReady = () => !standingBy || hasCaughtUp(speaker.playout, findPredecessor(recordPath, processes)?.record);
      const standby = readyBesidePredecessor(clock, output.attempted, isReady);
      received = standby.look;
      await standby.ready;
      received = () => undefined;
    } else {
      takeOver(predecessor);
      early = undefined;
      await output.attempted;
    }
  } catch (error) {
    await teardown.run();
    throw error;
  }

  return {
    async stop() {
      const { unheard } = output.latency;
      // A successor needs a moment to hear of it; it is told beforehand where to go on, and this process plays until there.
      const lead = active && speaker.playout.moving && unheard > 0 ? samplesOf(LAST_WORD_MS) : 0;
      const wasActive = active;
      leaving = active;
      active = false;
      const stopped = new Promise<void>((resolve) => {
        speaker.stopIn(lead, () => {
          void output.close();
          resolve();
        });
      });
      if (leaving) note(lead);
      reports.leave();
      const limit = new Promise<true>((resolve) => clock.after(STOP_LIMIT_MS, () => resolve(true)));
      const hangs = await Promise.race([stopped, limit]);
      // Where the device takes no more, the note of its last period stands: a later one would be taken for that of one not written.
      if (leaving && !hangs) note(0);
      leaving = false;
      await output.close();
      // The device has played everything by now; the turns that were on their way out are told as finished.
      speaker.render(unheard);
      // And that they have been told, to whoever begins after this; one that has begun keeps the record itself, and has heard it.
      if (wasActive && !hangs && readPlayoutRecord(recordPath)?.process === processes.me) note(0);
      await teardown.run();
    },
  };
}
