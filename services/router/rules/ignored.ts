/**
 * What speech recognition makes of noise, music and silence, and sounds that ask nothing. Nobody said anything, so nothing
 * is decided. Phrases for plain sentences, each of which must be all that was said.
 */
export const IGNORED: readonly string[] = [
  '(you|the|a|and|so|i|it|is|to|of) [you|the|a|and|so|i] [you|the|a|and|so|i] [you]',
  '(m|mm|mmm|hm|ah|oh|eh|huh|ha) [m|mm|hm|ah|oh|eh|huh|ha]',
  '(thanks|thank you) [so much|very much] for (watching|listening|viewing) *',
  '(thank you thank you|bye bye) *',
  '[please] [do not forget to|remember to] [please] (like|subscribe|like and subscribe|subscribe and like) *',
  'see you [in the] (next|next time|next video) [time|video]',
  'subtitles [by|created by|provided by] *',
  'captions [by|provided by] *',
  'transcription [by|provided by] *',
  'untertitel *',
  'sous titres *',
  'amara org *',
  'www *',
  'ご視聴ありがとうございました',
  'продолжение следует',
  '(music|applause|laughter|silence playing|music playing|inaudible|blank audio)',
];
