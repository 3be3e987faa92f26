import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';

/** A tensor of 32-bit floats: row-major `data` of the shape `dims`. */
export interface Tensor {
  dims: number[];
  data: Float32Array;
}

/** Field numbers of onnx.proto (they are never renumbered). */
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const NODE_OUTPUT = 2;
const NODE_ATTRIBUTE = 5;
const ATTRIBUTE_TENSOR = 5;
const ATTRIBUTE_GRAPH = 6;
const TENSOR_DIMS = 1;
const TENSOR_TYPE = 2;
const TENSOR_RAW_DATA = 9;
const FLOAT = 1;

/**
 * The float constants of an ONNX model by the name of the value they define, those inside the branches of its `If`
 * nodes too. Throws ConfigurationError naming `path` when the bytes are no ONNX model.
 */
export function readOnnxWeights(bytes: Uint8Array, path: string): Map<string, Tensor> {
  const weights = new Map<string, Tensor>();
  try {
    for (const { field, value } of messageFields(bytes)) if (field === MODEL_GRAPH) collectGraph(value, weights);
  } catch (error) {
    throw new ConfigurationError(`${path} is no ONNX model (${messageOf(error)}): run npm ci again`, { cause: error });
  }
  return weights;
}

function collectGraph(graph: Uint8Array, into: Map<string, Tensor>): void {
  for (const { field, value } of messageFields(graph)) if (field === GRAPH_NODE) collectNode(value, into);
}

function collectNode(node: Uint8Array, into: Map<string, Tensor>): void {
  let output = '';
  for (const { field, value } of messageFields(node)) {
    if (field === NODE_OUTPUT) output ||= Buffer.from(value).toString();
    if (field !== NODE_ATTRIBUTE) continue;
    for (const attribute of messageFields(value)) {
      if (attribute.field === ATTRIBUTE_GRAPH) collectGraph(attribute.value, into);
      const tensor = attribute.field === ATTRIBUTE_TENSOR && floatTensor(attribute.value);
      if (tensor) into.set(output, tensor);
    }
  }
}

function floatTensor(message: Uint8Array): Tensor | undefined {
  const dims: number[] = [];
  let type = 0;
  let raw: Uint8Array | undefined;
  for (const { field, value, number } of messageFields(message)) {
    if (field === TENSOR_DIMS) dims.push(number);
    else if (field === TENSOR_TYPE) type = number;
    else if (field === TENSOR_RAW_DATA) raw = value;
  }
  if (type !== FLOAT || !raw) return undefined;
  // The bytes lie unaligned in the file, and a copy lets the rest of the file go.
  return { dims, data: new Float32Array(Uint8Array.from(raw).buffer) };
}

interface Field {
  field: number;
  /** Bytes of a length-delimited field; empty for the others. */
  value: Uint8Array;
  /** Value of a varint field; 0 for the others. */
  number: number;
}

const EMPTY = new Uint8Array(0);

/** The fields of one protobuf message, in file order. */
function* messageFields(bytes: Uint8Array): Generator<Field> {
  let offset = 0;
  function varint(): number {
    let result = 0;
    let scale = 1;
    for (let read = 0; read < 10; read += 1) {
      const byte = bytes[offset];
      if (byte === undefined) throw new RangeError('it ends in the middle of a number');
      offset += 1;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
      scale *= 128;
    }
    throw new RangeError('a number of more than ten bytes');
  }
  while (offset < bytes.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    const wireType = key % 8;
    if (wireType === 0) {
      yield { field, value: EMPTY, number: varint() };
      continue;
    }
    const length = wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? varint() : Number.NaN;
    if (!(offset + length <= bytes.length)) throw new RangeError('a field runs past its end');
    yield { field, value: bytes.subarray(offset, offset + length), number: 0 };
    offset += length;
  }
}
