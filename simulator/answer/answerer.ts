import { codedSamples } from '#shared/audio/coded-signal.ts';
import { levelOf } from '#shared/audio/level.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { MICROPHONE_RATE_HZ, REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Answer, Question } from '../live/session-state.ts';
import { lookAt } from './picture.ts';
import type { Recogniser } from './recogniser.ts';
import { requestedTool } from './tool-request.ts';
import { tone, type Voice } from './voice.ts';

/** What a question came with. */
export interface Heard {
  /** 16 kHz mono; undefined for a question in writing. */
  samples: Int16Array | undefined;
  image: Buffer | undefined;
}

/** `spoken: false` leaves the sound out, for answers that are only read. */
export type Answerer = (question: Question, heard: Heard, how?: { spoken: boolean }) => Promise<Answer>;

const TONE_HZ = 1_000;

/** Makes answers from what came in: how long and loud it was, its words where known, what the last picture looks like. */
export function createAnswerer({ voice, recognise }: { voice: Voice; recognise: Recogniser }): Answerer {
  return async (question, { samples, image }, { spoken: aloud } = { spoken: true }) => {
    const words = question.hears ?? (samples && (await recognise(samples)));
    // As the real one's, the transcript holds speech alone; remarks that came with it in writing belong to the conversation.
    const heard = samples || question.hears ? (words ?? describeSound(samples)) : '';
    const asked = [...question.texts, ...(heard ? [heard] : [])].join(' ');
    const thought = 'The simulator looks at what it was sent.';
    const said = samples ? (words ?? '') : question.texts.join(' ');
    const callTool = requestedTool([...question.texts, words ?? ''].join(' '), question.tools);
    const text =
      question.reply?.kind === 'text'
        ? question.reply.text
        : (dictated(question.texts) ?? (await composeText(question, samples, said, image)));
    const spoken = { heard, asked, thought, text, ...(callTool && { callTool }) };
    if (question.reply?.kind === 'coded') {
      const { seconds, firstIndex = 0 } = question.reply;
      return {
        ...spoken,
        text: codedText(seconds),
        samples: codedSamples(firstIndex, Math.round(seconds * REPLY_RATE_HZ)),
      };
    }
    if (question.reply?.kind === 'tone') return { ...spoken, samples: tone(TONE_HZ, question.reply.seconds) };
    return { ...spoken, samples: aloud ? await voice(text) : new Int16Array(0) };
  };
}

/** What an obedient model says that is told to say exactly this. */
function dictated(texts: readonly string[]): string | undefined {
  return /^say exactly the following[^\n]*\n([\s\S]+)/i.exec(texts.at(-1) ?? '')?.[1];
}

/** Words all along the signal, as speech has them: sound without words is a fault that clients are right to cut off. */
function codedText(seconds: number): string {
  const counted = Array.from({ length: Math.max(1, Math.floor(seconds)) }, (_unused, second) => `second ${second + 1}`);
  return `Simulated answer: a coded signal, ${counted.join(', ')}.`;
}

async function composeText(
  question: Question,
  samples: Int16Array | undefined,
  asked: string,
  image: Buffer | undefined,
): Promise<string> {
  const sentences: string[] = [];
  for (const { name, response } of question.toolResults) {
    sentences.push(
      `The function ${name.replaceAll('_', ' ')} says ${JSON.stringify(response).replaceAll(/[{}"]/g, ' ')}.`,
    );
  }
  if (sentences.length === 0) {
    if (/\bremember\b/i.test(asked)) sentences.push(recollection(question));
    if (samples) sentences.push(`I heard ${describeSound(samples)}.`);
    if (asked) sentences.push(`You said: ${asked}.`);
    if (image) sentences.push(await describePicture(image));
  }
  const text = sentences.join(' ') || 'I was asked nothing.';
  return question.first ? `Simulated answer: ${text}` : text;
}

function recollection({ context }: Question): string {
  const asked = context.entries.filter((entry) => entry.role === 'user');
  if (asked.length === 0) return 'I remember nothing: this conversation has just begun.';
  return `I remember ${asked.length} earlier questions. The last was: ${asked.at(-1)?.text}.`;
}

function describeSound(samples: Int16Array | undefined): string {
  if (!samples) return 'nothing';
  const seconds = (samples.length / MICROPHONE_RATE_HZ).toFixed(1);
  return `${seconds} seconds at ${Math.round(levelOf(samples).rms)} decibels`;
}

async function describePicture(image: Buffer): Promise<string> {
  try {
    const { widthPx, heightPx, brightness, colour } = await lookAt(image);
    const light = brightness < 0.25 ? 'dark' : brightness > 0.7 ? 'bright' : 'half bright';
    return `I see ${widthPx} by ${heightPx} pixels, ${light}, mostly ${colour}.`;
  } catch (error) {
    return `I was sent a picture that I cannot read: ${messageOf(error)}.`;
  }
}
