/** Between the router and the process that holds the keyword model. Samples are 16 kHz mono. */
export type KeywordRequest =
  | { kind: 'listen'; utterance: number; samples: Int16Array }
  | { kind: 'finish'; utterance: number };

export interface KeywordReport {
  utterance: number;
}

export interface KeywordConfiguration {
  encoder: string;
  decoder: string;
  joiner: string;
  tokens: string;
  keywordsFile: string;
}
