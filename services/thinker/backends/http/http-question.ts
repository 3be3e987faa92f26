import type { Content, Part } from '@google/genai';
import { writeWav } from '#shared/audio/wav.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Question } from '../answer-backend.ts';
import { HEARD_INSTRUCTION } from './heard-line.ts';

const BLIND_INSTRUCTION =
  'There is no picture: the camera is off or cannot be reached. If the question needs eyes, say that you cannot see right now.';
const PICTURE_INSTRUCTION = 'The picture shows what is in front of the user at this moment.';

/** What of the conversation goes along: enough to know what «it» means, little enough to stay quick and cheap. */
const LONGEST_HISTORY = 20;

/**
 * A question in the form of a generateContent request; pictures and sound come before the words about them, as Google advises.
 * @param instruction what the assistant is told about itself, the same as over Live. @param hear ask for the user's words, too.
 */
export function httpQuestion(
  instruction: string,
  question: Question,
  hear: boolean,
): { systemInstruction: string; contents: Content[] } {
  const { audio, text, frame, cannotSee, history } = question;
  const parts: Part[] = [];
  if (frame) parts.push(inline('image/jpeg', frame));
  if (audio) parts.push(inline('audio/wav', writeWav({ sampleRateHz: MICROPHONE_RATE_HZ, samples: audio })));
  if (text) parts.push({ text });
  const past = history.slice(-LONGEST_HISTORY).map(({ role, text: said }) => ({ role, parts: [{ text: said }] }));
  // A conversation must begin with the user.
  while (past[0]?.role === 'model') past.shift();
  return {
    systemInstruction: [
      instruction,
      frame ? PICTURE_INSTRUCTION : cannotSee ? BLIND_INSTRUCTION : '',
      hear ? HEARD_INSTRUCTION : '',
    ]
      .filter(Boolean)
      .join('\n'),
    contents: [...past, { role: 'user', parts }],
  };
}

function inline(mimeType: string, bytes: Uint8Array): Part {
  return {
    inlineData: { mimeType, data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') },
  };
}
