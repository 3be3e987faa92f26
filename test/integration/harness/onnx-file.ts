/**
 * Writes ONNX files small enough to be read: real models for the real runtime, without weights. Field numbers are those of
 * onnx.proto3 (ONNX 1.13, opset 13).
 */
export const FLOAT = 1;
export const INT64 = 7;
export const INT32 = 6;

export interface OnnxValue {
  readonly name: string;
  readonly type: number;
  /** A name stands for a size that is known only at run time. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number>>;
}

export interface OnnxModel {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly constants?: Readonly<Record<string, { type: number; shape: readonly number[]; values: readonly number[] }>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

export function onnxFile({ inputs, outputs, nodes, constants = {}, metadata = {} }: OnnxModel): Buffer {
  const graph = Buffer.concat([
    ...nodes.map((node) => bytes(1, nodeProto(node))),
    text(2, 'graph'),
    ...Object.entries(constants).map(([name, { type, shape, values }]) =>
      bytes(
        5,
        Buffer.concat([
          ...shape.map((size) => number(1, size)),
          number(2, type),
          text(8, name),
          bytes(9, rawValues(type, values)),
        ]),
      ),
    ),
    ...inputs.map((value) => bytes(11, valueInfo(value))),
    ...outputs.map((value) => bytes(12, valueInfo(value))),
  ]);
  return Buffer.concat([
    number(1, 8),
    bytes(7, graph),
    bytes(8, number(2, 13)),
    ...Object.entries(metadata).map(([key, value]) => bytes(14, Buffer.concat([text(1, key), text(2, value)]))),
  ]);
}

function nodeProto({ op, inputs, outputs, attributes = {} }: OnnxNode): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(5, Buffer.concat([text(1, name), number(3, value), number(20, 2)])),
    ),
  ]);
}

function valueInfo({ name, type, shape }: OnnxValue): Buffer {
  const dimensions = shape.map((size) => bytes(1, typeof size === 'number' ? number(1, size) : text(2, size)));
  const tensor = Buffer.concat([number(1, type), bytes(2, Buffer.concat(dimensions))]);
  return Buffer.concat([text(1, name), bytes(2, bytes(1, tensor))]);
}

function rawValues(type: number, values: readonly number[]): Buffer {
  if (type === FLOAT) return Buffer.from(Float32Array.from(values).buffer);
  if (type === INT32) return Buffer.from(Int32Array.from(values).buffer);
  return Buffer.from(BigInt64Array.from(values, BigInt).buffer);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const septets: number[] = [];
  let rest = value;
  do {
    septets.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(septets);
}
