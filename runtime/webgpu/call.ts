/** One call of a program: its buffers, and the encoding of its schedule into commands. */
import { COUNTER_BASE, type GpuBuffer, type WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import type { PooledBuffer } from "./buffer-pool.ts";
import type { GpuDevice } from "./device.ts";
import type { ShaderPipeline } from "./pipelines.ts";
import type { Block, DispatchNode, ForNode, Guard, Node, Place, Schedule, WhileNode } from "./schedule.ts";

/** Commands of one command buffer: past it it is submitted, so that the GPU begins and the memory stays bounded. */
const COMMANDS_PER_SUBMIT = 4096;
/** A call of more commands waits for the GPU now and then, so that what is submitted does not pile up. */
export const COMMANDS_AT_ONCE = 65_536;

/** Dispatches of a loop that runs in its own shader between two looks at whether it has ended. */
const MAX_AHEAD = 16;
/** Turns of another loop, and commands in them, between two looks at the most. */
const MAX_TURNS_AHEAD = 256;
const COMMANDS_AHEAD = 2048;
/** Turns that took longer than this are not doubled: a driver ends what takes seconds, and turns past the end cost time. */
const LONG_MILLISECONDS = 2000;

/** The program that is called. */
export interface Callable {
  readonly name: string;
  readonly device: GpuDevice;
  readonly executable: WebGpuExecutable;
  readonly schedule: Schedule;
  readonly pipelines: readonly ShaderPipeline[];
  bindGroup(node: DispatchNode, bufferOf: (buffer: GpuBuffer) => PooledBuffer): GPUBindGroup;
  constants(): PooledBuffer;
}

export class Call {
  /** What the GPU said to each submission: null if it accepts it. */
  readonly answers: Promise<GPUError | null>[] = [];

  readonly #device: GpuDevice;
  readonly #slots: readonly PooledBuffer[];
  readonly #counters: Int32Array;
  /** Bind groups by dispatch, looked up once per call. */
  readonly #groups: (GPUBindGroup | undefined)[] = [];
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #pipeline: GPUComputePipeline | null = null;
  /** Of the loop whose turns are being encoded ahead. */
  #guard: Guard | null = null;
  /** Commands of the open command buffer, and since the GPU was last waited for. */
  #commands = 0;
  #submitted = 0;

  constructor(
    readonly program: Callable,
    readonly inputs: readonly PooledBuffer[],
    readonly outputs: readonly PooledBuffer[],
  ) {
    this.#device = program.device;
    this.#counters = new Int32Array(program.schedule.loops);
    this.#slots = program.executable.slots.map((bytes) => this.#device.pool.acquire(bytes));
  }

  /** Encodes a block in which nothing waits. */
  encode({ nodes }: Block): void {
    for (let i = 0; i < nodes.length; i++) this.#encodeNode(nodes[i]);
  }

  /** Encodes any block; where the GPU decides, submits what there is and waits for its answer. */
  async run(block: Block): Promise<void> {
    for (const node of block.nodes) {
      switch (node.kind) {
        case "dispatch":
        case "copy":
          this.#encodeNode(node);
          break;
        case "for":
          await this.#runFor(node);
          break;
        case "while":
          await this.#runWhile(node);
          break;
        case "branch": {
          const index = await this.#readWord(node.index);
          await this.run(node.cases[Math.min(Math.max(index, 0), node.cases.length - 1)]);
          break;
        }
      }
    }
  }

  /** A copy of a whole buffer, before the schedule. */
  copyWhole(from: PooledBuffer, to: PooledBuffer, bytes: number): void {
    this.#endPass();
    this.#open().copyBufferToBuffer(from.gpu, 0, to.gpu, 0, bytes);
    this.#device.statistics.copies++;
  }

  /** Submits what is encoded. */
  submit(): void {
    const encoder = this.#encoder;
    if (encoder === null) return;
    this.#endPass();
    const { gpu, statistics } = this.#device;
    gpu.queue.submit([encoder.finish()]);
    statistics.submits++;
    this.answers.push(gpu.popErrorScope());
    this.#encoder = null;
    this.#submitted += this.#commands;
    this.#commands = 0;
  }

  /**
   * Gives the temporaries back: later commands may use them, as these run first. What is not submitted, because
   * encoding it failed, is dropped.
   */
  finish(): void {
    if (this.#encoder !== null) {
      this.answers.push(this.#device.gpu.popErrorScope());
      this.#encoder = null;
    }
    for (const slot of this.#slots) this.#device.pool.release(slot);
  }

  /** The buffers whose allocation may have failed. */
  *buffers(): Generator<PooledBuffer> {
    yield* this.#slots;
    yield* this.inputs;
    yield* this.outputs;
  }

  async #runWhile(node: WhileNode): Promise<void> {
    const { cond, predicate, body, guard } = node;
    await this.run(cond);
    if (guard !== null && body.commands + cond.commands <= COMMANDS_AHEAD) return this.#runAhead(node, guard);
    // Where the condition itself makes the turns, it changes nothing once it does not hold: many are asked for at once.
    let ahead = 1;
    while (((await this.#readWord(predicate)) & 0xff) !== 0) {
      await this.run(body);
      for (let n = 0; n < ahead; n++) await this.run(cond);
      if (body.nodes.length === 0) ahead = Math.min(2 * ahead, MAX_AHEAD);
    }
  }

  /**
   * Several turns in each submission, which the GPU leaves out once the predicate does not hold: the host asks after 1, 2,
   * 4, … turns, as long as their answer is not long in coming.
   */
  async #runAhead({ cond, predicate, body }: WhileNode, guard: Guard): Promise<void> {
    const most = Math.min(Math.floor(COMMANDS_AHEAD / (body.commands + cond.commands + 1)), MAX_TURNS_AHEAD);
    let turns = 1;
    for (;;) {
      for (let n = 0; n < turns; n++) {
        this.#dispatch(guard.node);
        this.#guard = guard;
        this.encode(body);
        this.encode(cond);
        this.#guard = null;
      }
      const asked = performance.now();
      if (((await this.#readWord(predicate)) & 0xff) === 0) return;
      if (performance.now() - asked < LONG_MILLISECONDS) turns = Math.max(Math.min(2 * turns, most), 1);
    }
  }

  async #runFor(node: ForNode): Promise<void> {
    const { loop, trips, body } = node;
    const counters = this.#counters;
    if (trips * body.commands <= COMMANDS_AT_ONCE) {
      this.#encodeNode(node);
      return;
    }
    for (let i = 0; i < trips; i++) {
      counters[loop] = i;
      if (body.commands === Infinity) await this.run(body);
      else this.encode(body);
      if (this.#submitted >= COMMANDS_AT_ONCE) {
        this.#submitted = 0;
        await this.#device.gpu.queue.onSubmittedWorkDone();
      }
    }
    counters[loop] = 0;
  }

  #encodeNode(node: Node): void {
    switch (node.kind) {
      case "dispatch":
        return this.#dispatch(node);
      case "copy": {
        if (node.bytes === 0) return;
        this.#endPass();
        const from = this.buffer(node.from.buffer);
        const to = this.buffer(node.to.buffer);
        const [source, target] = [this.#offset(node.from), this.#offset(node.to)];
        this.#open().copyBufferToBuffer(from.gpu, source, to.gpu, target, node.bytes);
        this.#device.statistics.copies++;
        return this.#count();
      }
      case "for": {
        const { loop, trips, body } = node;
        for (let i = 0; i < trips; i++) {
          this.#counters[loop] = i;
          this.encode(body);
        }
        this.#counters[loop] = 0;
        return;
      }
      default:
        throw new Error(`internal: a ${node.kind} where nothing waits`);
    }
  }

  #dispatch(node: DispatchNode): void {
    const { program } = this;
    let pass = this.#pass;
    if (pass === null) {
      pass = this.#open().beginComputePass({ label: program.name });
      this.#pass = pass;
      this.#pipeline = null;
    }
    const { pipeline } = program.pipelines[node.shader];
    if (pipeline !== this.#pipeline) {
      pass.setPipeline(pipeline);
      this.#pipeline = pipeline;
    }
    let group = this.#groups[node.index];
    if (group === undefined) {
      group = program.bindGroup(node, (buffer) => this.buffer(buffer));
      this.#groups[node.index] = group;
    }
    pass.setBindGroup(0, group);
    if (node.counters.length > 0) {
      pass.setBindGroup(1, this.#device.counterGroup(node.counters.length), this.#digits(node.counters));
    }
    const guard = this.#guard;
    if (guard === null) {
      const [x, y, z] = program.executable.shaders[node.shader].workgroups;
      pass.dispatchWorkgroups(x, y, z);
    } else {
      const groups = this.buffer(guard.node.buffers[1]);
      pass.dispatchWorkgroupsIndirect(groups.gpu, guard.offsets.get(node.index) ?? 0);
    }
    this.#device.statistics.dispatches++;
    this.#count();
  }

  /** Dynamic offsets of the low and high digits of counters. */
  #digits(loops: readonly number[]): number[] {
    const stride = this.#device.counterStride;
    const offsets: number[] = [];
    for (const loop of loops) {
      const counter = this.#counters[loop];
      offsets.push((counter % COUNTER_BASE) * stride, Math.floor(counter / COUNTER_BASE) * stride);
    }
    return offsets;
  }

  buffer(buffer: GpuBuffer): PooledBuffer {
    switch (buffer.kind) {
      case "input":
        return this.inputs[buffer.index];
      case "output":
        return this.outputs[buffer.index];
      case "slot":
        return this.#slots[buffer.index];
      case "constant":
        return this.program.constants();
    }
  }

  #offset({ offset, strides }: Place): number {
    let at = offset;
    for (const { loop, stride } of strides) at += this.#counters[loop] * stride;
    return at;
  }

  async #readWord(place: Place): Promise<number> {
    this.submit();
    this.#submitted = 0;
    const at = this.#offset(place);
    // A bool may lie anywhere in its word.
    const bytes = await this.#device.readRange(this.buffer(place.buffer), at & ~3, 4, "now");
    return new DataView(bytes.buffer).getInt32(0, true) >> (8 * (at & 3));
  }

  #open(): GPUCommandEncoder {
    if (this.#encoder === null) {
      const { gpu } = this.#device;
      // Closed by `submit`, with nothing of another call between.
      gpu.pushErrorScope("validation");
      this.#encoder = gpu.createCommandEncoder({ label: this.program.name });
    }
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
  }

  #count(): void {
    if (++this.#commands >= COMMANDS_PER_SUBMIT) this.submit();
  }
}
