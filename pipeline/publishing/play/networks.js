// Networks in ONNX graphs with caches: each is fed what follows, and keeps what it was fed.
import * as ort from "./ort/ort.wasm.min.mjs";

const ORT = new URL("./ort/", import.meta.url);
ort.env.wasm.numThreads = 1; // threads would need headers that a static host does not send
ort.env.wasm.wasmPaths = ORT.href;
ort.env.logLevel = "error";

// The bytes of a file; `report` is told how many are there, again and again.
const bytesOf = async (url, report) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  const parts = [];
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    report(value.length);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
};

let runtime = null; // loaded once, for all networks

const loadRuntime = (report) => {
  runtime ??= bytesOf(new URL("ort-wasm-simd-threaded.wasm", ORT), report).then((bytes) => {
    ort.env.wasm.wasmBinary = bytes;
  });
  return runtime;
};

const int64 = (ids) => new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]);

export class Network {
  // `about` has the folder, the graphs, and the shape of the cache; `report` is told the bytes that came.
  static async load(about, report = () => {}) {
    await loadRuntime(report);
    const graphs = {};
    for (const name of about.graphs) {
      const bytes = await bytesOf(new URL(`./${about.folder}/${name}.onnx`, import.meta.url), report);
      graphs[name] = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    }
    return new Network(about, graphs);
  }

  constructor(about, graphs) {
    this.about = about;
    this.graphs = graphs;
  }

  // Forget what was fed, and read a source, if there is one; returns what the encoder attends to.
  async restart(source = null) {
    const { layers, heads, width } = this.about.cache;
    const empty = new ort.Tensor("float32", new Float32Array(0), [layers, 1, heads, 0, width]);
    this.inputs = { keys: empty, values: empty };
    if (source === null) return null;
    const { memory_keys, memory_values, weights } = await this.graphs.encoder.run({ source: int64(source) });
    Object.assign(this.inputs, { memory_keys, memory_values });
    return weights;
  }

  // Feed ids; returns the logits of the next id, and the attention of those that were fed.
  async feed(ids) {
    const outputs = await this.graphs.decoder.run({ ...this.inputs, ids: int64(ids) });
    this.inputs.keys = outputs.new_keys;
    this.inputs.values = outputs.new_values;
    const [fed, count] = outputs.logits.dims;
    const logits = outputs.logits.data.subarray((fed - 1) * count);
    return { logits, weights: outputs.weights, crossWeights: outputs.cross_weights };
  }
}
