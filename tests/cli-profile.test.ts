/** `weft profile`: functions, graphs and programs; the trace file; the program's results are those of a normal run. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { toTypedArray } from "../compiler/interpret/tensors.ts";
import { compileGraph } from "../compiler/pipeline.ts";
import { parseGraph } from "../compiler/text/index.ts";
import { runExecutable } from "../frontend/inspect/execute.ts";
import { measureMachine } from "../frontend/inspect/measure/machine.ts";
import { MeasuredProgram } from "../frontend/inspect/measure/measured-program.ts";
import { randomInput } from "../frontend/inspect/random-inputs.ts";
import { cpuDevice } from "../runtime/device.ts";
import { bytesOfTypedArray } from "../runtime/typed-array.ts";
import { Workspace } from "./helpers/run-cli.ts";

let place: Workspace;
before(() => {
  place = new Workspace();
  place.fixture("training.ts");
  place.fixture("model.ts");
});
after(() => place.remove());

/** A loop with a moving view, a loop that its data end, a branch, and temporaries. */
const CONTROL = `graph @control(%x: f32[5,3], %n: i32[]) -> (f32[3], f32[5,3], i32[], f32[3]) {
  %0: f32[3], %1: f32[5,3] = scan 0.0:f32[3], %x {
    body=graph @body(%c: f32[3], %v: f32[3]) -> (f32[3], f32[3]) {
      %0: f32[3] = add %c, %v
      %1: f32[3] = cumsum %0 {axis=0, reverse=false}
      return %0, %1
    },
    length=5,
    numCarry=1,
    numConsts=0,
    reverse=true,
    unroll=1
  }
  %2: i32[] = while %n {
    bodyConsts=0,
    body=graph @turn(%i: i32[]) -> (i32[]) {
      %0: i32[] = add %i, 3:i32[]
      return %0
    },
    condConsts=0,
    cond=graph @test(%i: i32[]) -> (bool[]) {
      %0: bool[] = lt %i, 20:i32[]
      return %0
    }
  }
  %3: f32[3] = cond %n, %0 {
    branches=[
      graph @zero(%v: f32[3]) -> (f32[3]) {
        %0: f32[3] = sin %v
        return %0
      },
      graph @one(%v: f32[3]) -> (f32[3]) {
        %0: f32[3] = exp %v
        return %0
      }
    ]
  }
  return %0, %1, %2, %3
}
`;

describe("a program of which each kernel is timed", () => {
  test("gives the same bits as the module, through loops and branches", () => {
    const graph = parseGraph(CONTROL);
    const { assembled, executable } = compileGraph(graph);
    const inputs = graph.inputs.map(({ type }, i) => randomInput(type, 3, i));
    const launches: string[] = [];
    const program = new MeasuredProgram(assembled.program, (kernel, start, duration) => {
      assert.ok(start > 0 && duration >= 0);
      launches.push(kernel);
    });
    const { memory } = cpuDevice();
    const given = inputs.map((tensor) => memory.store(bytesOfTypedArray(toTypedArray(tensor))));
    const results = program.run(given).map((storage) => storage.bytes().slice());
    const expected = runExecutable(executable, inputs).map((tensor) =>
      bytesOfTypedArray(toTypedArray(tensor)),
    );
    assert.deepEqual(
      results,
      expected.map((bytes) => new Uint8Array(bytes)),
    );
    assert.ok(launches.length > assembled.program.kernels.length, "loops launch their kernels again");
    program.dispose();
  });

  test("the machine can do something", () => {
    const { flops, bandwidth } = measureMachine();
    assert.ok(flops > 1e8 && flops < 1e12, String(flops));
    assert.ok(bandwidth > 1e8 && bandwidth < 1e12, String(bandwidth));
  });
});

interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
}

/** What the Trace Event Format asks of complete events: names, times in microseconds, and proper nesting on a thread. */
function checkTrace(text: string): TraceEvent[] {
  const { traceEvents, displayTimeUnit } = JSON.parse(text);
  assert.equal(displayTimeUnit, "ms");
  const events: TraceEvent[] = traceEvents;
  for (const event of events) {
    assert.equal(event.ph, "X");
    assert.ok(event.name !== "" && typeof event.cat === "string");
    for (const x of [event.ts, event.dur, event.pid, event.tid]) assert.ok(Number.isFinite(x) && x >= 0);
  }
  const open: TraceEvent[] = [];
  for (const event of [...events].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (open.length > 0 && open[open.length - 1].ts + open[open.length - 1].dur <= event.ts) open.pop();
    const around = open.at(-1);
    // Times are sums of doubles.
    if (around)
      assert.ok(
        event.ts + event.dur <= around.ts + around.dur + 1e-3,
        `${event.name} ends in ${around.name}`,
      );
    open.push(event);
  }
  return events;
}

describe("weft profile", { concurrency: 2 }, () => {
  test("a function: a table, and a trace in which kernels lie within calls", async () => {
    const args = ["profile", "model.ts#gradient", "--args", "f32[8]", "--repeat", "5", "--trace", "t.json"];
    const { code, stdout, stderr } = await place.weft(args);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const [header, row, , summary, trace] = stdout.split("\n");
    assert.match(
      header,
      /^kernel +launches +total ms +share +µs each +GFLOP\/s +GB\/s +of roofline +source$/,
    );
    assert.match(row, /^k0_cos +5 +\d+\.\d{3} +100\.0 % .* model\.ts:15:\d+$/);
    assert.match(summary, /^5 calls, .* One core: \d+\.\d GFLOP\/s/);
    assert.equal(trace, "trace: t.json");
    const events = checkTrace(place.read("t.json"));
    assert.equal(events.filter((e) => e.cat === "run").length, 10);
    assert.equal(events.filter((e) => e.cat === "kernel" && e.name === "k0_cos").length, 10);
    assert.ok(events.some((e) => e.cat === "compile"));
  });

  test("a function on a GPU: its shaders, by themselves", async () => {
    place.write(
      "layer.ts",
      'import { type NdArray, nn } from "weft";\nexport const layer = (x: NdArray, w: NdArray) => nn.softmax(x.matmul(w));\n',
    );
    const target = ["profile", "layer.ts#layer", "--args", "f32[8,8], f32[8,8]", "--device", "webgpu"];
    const { code, stdout, stderr } = await place.weft([...target, "--repeat", "3", "--json"]);
    assert.equal(code, 0, stderr);
    const { machine, functions, kernels } = JSON.parse(stdout);
    assert.ok(machine.flops > 0 && machine.bandwidth > 0, stdout);
    assert.deepEqual([functions[0].name, functions[0].calls], ["layer", 3]);
    for (const { launches, microseconds, roofline, sources } of kernels) {
      assert.ok(launches === 3 && microseconds > 0 && roofline > 0 && sources.length > 0);
    }
    const table = await place.weft([...target, "--repeat", "1"]);
    assert.match(table.stdout, /^k0_\w+ .*\d % {2}layer\.ts:2:\d+/m);
    assert.match(table.stdout, /Shaders by themselves, by .*: \d+\.\d GFLOP\/s, \d+\.\d GB\/s\.$/m);
    const program = await place.weft(["profile", "layer.ts", "--device", "webgpu"]);
    assert.equal(program.code, 2);
    assert.match(program.stderr, /--device webgpu is for functions and graphs/);
  });

  test("weft inspect --device webgpu: kernels and machine measured on a GPU", async () => {
    const args = ["layer.ts#layer", "--args", "f32[8,8], f32[8,8]", "--device", "webgpu", "--json"];
    const { code, stdout, stderr } = await place.weft(["inspect", ...args]);
    assert.equal(code, 0, stderr);
    const { machine, gpuMachine, kernels, gpu } = JSON.parse(stdout);
    assert.equal(machine, null);
    assert.ok(gpuMachine.flops > 0 && gpuMachine.bandwidth > 0, stdout);
    for (const { milliseconds } of kernels) assert.equal(milliseconds, null);
    assert.ok(gpu.length > 0);
    for (const { milliseconds, cost } of gpu) assert.ok(milliseconds > 0 && cost.flops > 0);
  });

  test("a program: every compiled function, its output as ever", async () => {
    const plain = await place.weft(["run", "training.ts", "--", "a", "b"]);
    const { code, stdout, stderr } = await place.weft([
      "profile",
      "training.ts",
      "--trace",
      "p.json",
      "--",
      "a",
      "b",
    ]);
    assert.equal(code, 0);
    assert.equal(stdout, plain.stdout);
    assert.match(stderr, /^kernel +launches/);
    assert.match(stderr, /^train_step k0_sub +200 /m);
    const events = checkTrace(place.read("p.json"));
    assert.equal(events.filter((e) => e.cat === "run" && e.name === "train_step").length, 200);
    const json = await place.weft(["profile", "training.ts", "--json"]);
    const { machine, functions, kernels } = JSON.parse(json.stdout);
    assert.ok(machine.flops > 0);
    assert.deepEqual(functions[0].name, "train_step");
    assert.ok(kernels.every((k: { launches: number }) => k.launches > 0));
  });

  test("a graph, on given inputs; wrong usage", async () => {
    place.write("c.ir", CONTROL);
    const { code, stdout } = await place.weft(["profile", "c.ir", "--seed", "1", "--repeat", "2", "--json"]);
    assert.equal(code, 0);
    const { kernels } = JSON.parse(stdout);
    assert.ok(kernels.some((k: { launches: number }) => k.launches === 10));
    const repeat = await place.weft(["profile", "c.ir", "--repeat", "0"]);
    assert.deepEqual([repeat.code, repeat.stderr], [2, "weft: --repeat takes a number from 1 on\n"]);
    const inputs = await place.weft(["profile", "training.ts", "--seed", "1"]);
    assert.equal(inputs.code, 2);
  });
});
