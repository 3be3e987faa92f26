import { SETTINGS, type Setting } from '#shared/config/settings.ts';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import { rightsTable } from '#shared/contract/rights.ts';

/** The settings as a Markdown table. */
export function settingsTable(): string {
  const rows = (Object.values(SETTINGS) as Setting<unknown>[]).map(
    ({ name, fallback, doc }) =>
      `| \`${name}\` | ${fallback === undefined ? '–' : `\`${fallback}\``} | ${doc.replaceAll('|', '\\|')} |`,
  );
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The topics as a Markdown table; ► marks commands, R retained values. */
export function topicsTable(): string {
  const rows = ALL_CHANNELS.map(({ topic, command, codec, qos, retain, publishers, summary }) => {
    const format =
      codec.contentType === 'application/json' ? 'JSON' : codec.contentType === 'image/jpeg' ? 'JPEG' : 'PCM frame';
    const by = [...publishers, ...(command ? ['other layers'] : [])].join(', ');
    return `| \`${topic}\`${command ? ' ►' : ''} | ${format} | ${qos}${retain ? ' R' : ''} | ${by} | ${summary} |`;
  });
  return ['| topic | payload | QoS | published by | meaning |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** Who may publish on each topic and who may hear it, computed from the functions the broker asks. */
export function rightsMarkdown(): string {
  const rows = rightsTable().map(
    ({ topic, publish, receive }) =>
      `| \`${topic}\` | ${publish.join(', ')} | ${receive.includes('guest') ? 'everybody' : 'everybody but guests'} |`,
  );
  return ['| topic | may publish | may subscribe |', '|---|---|---|', ...rows].join('\n');
}

/**
 * `text` with what stands between `<!-- generated:NAME -->` and `<!-- /generated -->` replaced.
 * Throws where the document has no such place.
 */
export function insertGenerated(text: string, name: string, content: string): string {
  const place = new RegExp(`(<!-- generated:${name} -->\n)[\\s\\S]*?(<!-- /generated -->)`);
  if (!place.test(text)) throw new RangeError(`the document has no <!-- generated:${name} --> place`);
  return text.replace(place, (_whole, open: string, close: string) => `${open}${content}\n${close}`);
}
