import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatrices } from './matrix.ts';

const anyValues = (length: number) =>
  fc
    .array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: length, maxLength: length })
    .map((values) => Float32Array.from(values));

const anyProduct = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 21 })).chain(([rows, columns]) =>
  fc.record({
    rows: fc.constant(rows),
    columns: fc.constant(columns),
    values: anyValues(rows * columns),
    vector: anyValues(columns),
  }),
);

describe('matrices', () => {
  it('give the sums that the definition gives, side by side in one memory', () => {
    fc.assert(
      fc.property(fc.array(anyProduct, { minLength: 1, maxLength: 4 }), (products) => {
        const matrices = createMatrices(products);
        for (const [index, { vector }] of products.entries()) matrices[index]?.input.set(vector);
        for (const matrix of matrices) matrix.multiply();
        for (const [index, { rows, columns, values, vector }] of products.entries()) {
          for (let row = 0; row < rows; row += 1) {
            const expected = vector.reduce((sum, x, column) => sum + x * (values[row * columns + column] ?? 0), 0);
            expect(matrices[index]?.output[row]).toBeCloseTo(expected, 2);
          }
        }
      }),
    );
  });
});
