import * as z from 'zod/mini';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';

/** The first line of a recording. */
const Head = z.object({ cortexRecording: z.literal(1), startedAt: z.number() });
/** One message of the bus, one line. */
const Line = z.object({
  /** Milliseconds since the recording began. */
  afterMs: z.number().check(z.nonnegative()),
  /** Below the prefix. */
  topic: z.string().check(z.minLength(1)),
  /** The broker had it before the recording began. */
  retained: z.boolean(),
  /** The payload as text where it is UTF-8, else in base64. */
  text: z.optional(z.string()),
  base64: z.optional(z.string()),
});

export interface RecordedMessage {
  afterMs: number;
  topic: string;
  retained: boolean;
  payload: Buffer;
}

export function headLine(startedAt: number): string {
  return `${JSON.stringify({ cortexRecording: 1, startedAt } satisfies z.infer<typeof Head>)}\n`;
}

/** Text stays readable, so that a recording can be searched with grep; sound and pictures are base64. */
export function messageLine({ afterMs, topic, retained, payload }: RecordedMessage): string {
  const text = payload.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(payload);
  const content = isText ? { text } : { base64: payload.toString('base64') };
  return `${JSON.stringify({ afterMs: Math.round(afterMs * 10) / 10, topic, retained, ...content })}\n`;
}

/**
 * The messages of a recording in their order. A last line that is cut off (the machine was switched off) is left out.
 * Throws ConfigurationError that names the file and the line where it is no recording.
 */
export function readRecording(content: string, file: string): RecordedMessage[] {
  const [head = '', ...rest] = content.split('\n');
  if (!parsed(Head, head))
    throw new ConfigurationError(`${file} is no recording: its first line is not the one of npm run record`);
  const lines = rest.slice(0, -1);
  return lines.map((line, index) => {
    const message = parsed(Line, line);
    if (!message) throw new ConfigurationError(`${file}, line ${index + 2}: not a recorded message`);
    const { text, base64, ...place } = message;
    return {
      ...place,
      payload: base64 === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(base64, 'base64'),
    };
  });
}

function parsed<Shape>(schema: z.ZodMiniType<Shape>, line: string): Shape | undefined {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
