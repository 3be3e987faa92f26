import fc from 'fast-check';
import { expect, test } from 'vitest';
import { route } from './route.ts';

test('the last definite sentence decides', () => {
  expect(route('Stop. Take me home.')).toMatchObject({ layer: 3, intent: 'navigate' });
  expect(route('Turn the camera off. I am getting changed.')).toMatchObject({ intent: 'camera-off' });
});

test('a stop that is followed by a question leaves the question', () => {
  expect(route('Stop. Tell me about cats instead.')).toMatchObject({ layer: 2, intent: 'open' });
});

test('a cry for help decides wherever it stands', () => {
  expect(route('What time is it? Help me! The camera is off.')).toMatchObject({ layer: 0, intent: 'help' });
});

test('a negation takes a phrase its meaning', () => {
  expect(route('please do not turn off the camera')).toMatchObject({ layer: 2, intent: 'open' });
  expect(route('I do not want to know where we are')).toMatchObject({ layer: 2, intent: 'open' });
});

test('a sentence that only contains a short command is none', () => {
  expect(route('where does the bus stop')?.intent).not.toBe('stop');
  expect(route('I heard her say be quiet to the dog')?.intent).not.toBe('stop');
});

test('a number in a request comes with the route', () => {
  expect(route('set the volume to twenty five percent')).toMatchObject({ intent: 'volume-set', number: 25 });
});

test('what is all that was said is surer than what is said among other things', () => {
  const whole = route('camera off')?.confidence ?? 0;
  const within = route('well you know what is my exact location by the way')?.confidence ?? 1;
  expect(whole).toBeGreaterThan(within);
});

test.each([['is there a bank and '], ['how many people is there a '], ['find me a where is the _ * ['], ['stop. ']])(
  'a hostile text of 30,000 characters (%j) is matched in few steps',
  (piece) => {
    // Nested wildcards would take minutes here; the test runner's own limit of 5 s is the assertion.
    route(piece.repeat(Math.ceil(30_000 / piece.length)));
  },
);

test('any text at all is routed or ignored, with a confidence from 0 to 1', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const found = route(text);
      if (found) expect(found.confidence > 0 && found.confidence <= 1).toBe(true);
    }),
  );
});
