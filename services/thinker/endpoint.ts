import type { Settings } from '#shared/config/settings.ts';

/** Where Gemini is to be found, and whether it is the real one. */
export interface Endpoint {
  apiKey: string;
  /** Undefined: Google's own. */
  baseUrl?: string;
  /** True where answers come from the local stand-in; said wherever a person looks. */
  simulated: boolean;
}

/** The stand-in takes any key but demands one, as Google does. */
const SIMULATED_KEY = 'simulated';

export function endpointOf(settings: Pick<Settings, 'geminiApiKey' | 'geminiBaseUrl' | 'simulatorPort'>): Endpoint {
  const { geminiApiKey, geminiBaseUrl, simulatorPort } = settings;
  const simulated = geminiApiKey === undefined && geminiBaseUrl === undefined;
  const baseUrl = simulated ? `http://127.0.0.1:${simulatorPort}` : geminiBaseUrl;
  return { apiKey: geminiApiKey ?? SIMULATED_KEY, ...(baseUrl !== undefined && { baseUrl }), simulated };
}
