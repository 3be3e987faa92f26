import { describe, expect, it } from 'vitest';
import { ConfigurationError, CortexError } from '#shared/errors/cortex-error.ts';
import { createLog } from '#shared/log/log.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { firstThatOpens } from './choose-output.ts';
import type { OpenOutput, Output, OutputHooks } from './output.ts';

const headphones = { name: 'headphones' } as Output;
const hooks = {} as OutputHooks;

describe('the automatic output', () => {
  it('waits for headphones that were pulled out, even where PortAudio cannot be loaded', async () => {
    let plugged = true;
    const card: OpenOutput = () =>
      plugged ? Promise.resolve(headphones) : Promise.reject(new CortexError('no-output', 'no card'));
    const unusable: OpenOutput = () => Promise.reject(new ConfigurationError('not built for this machine'));
    const open = firstThatOpens([card, unusable], () => Promise.reject(new Error('the file is no substitute')), {
      clock: manualClock(),
      log: createLog('test', 'silent'),
      cards: () => Promise.resolve(''),
    });
    await expect(open(hooks)).resolves.toBe(headphones);
    plugged = false;
    const refusal = await open(hooks).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'no-output', retryable: true });
    expect(refusal).not.toBeInstanceOf(ConfigurationError);
  });

  it('records into a file until a headset is switched on, which no card tells of', async () => {
    const clock = manualClock();
    let sinks = 'auto_null';
    const open = firstThatOpens(
      [() => Promise.reject(new CortexError('no-sink', 'nothing but a dummy'))],
      () => Promise.resolve({ ...headphones, name: 'file', close: () => Promise.resolve() }),
      { clock, log: createLog('test', 'silent'), cards: () => Promise.resolve(sinks) },
    );
    let lose = (_reason: CortexError): void => undefined;
    const lost = new Promise<CortexError>((resolve) => {
      lose = resolve;
    });
    const output = await open({ ...hooks, lost: lose });
    expect(output.name).toMatch(/no sound device/);
    clock.advance(6_000);
    sinks = 'headset';
    clock.advance(6_000);
    await expect(lost).resolves.toMatchObject({ code: 'output-lost' });
  });
});
