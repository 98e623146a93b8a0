/** Runs a program compiled for WebGPU: one command buffer, one submission. */
import type { GpuBuffer, WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { bytesOfDType } from "../../compiler/types/dtype.ts";
import { DisposedError, GpuError } from "../errors.ts";
import type { PooledBuffer } from "./buffer-pool.ts";
import { Call, type Callable, COMMANDS_AT_ONCE } from "./call.ts";
import { wordBytes } from "./constants.ts";
import type { GpuDevice } from "./device.ts";
import { describeShader, type ShaderPipeline } from "./pipelines.ts";
import { type DispatchNode, prepareSchedule, type Schedule } from "./schedule.ts";
import type { GpuStorage } from "./storage.ts";

/** Bind groups kept per shader: a loop's arrays alternate between a few buffers. */
const BIND_GROUP_LIMIT = 64;

/** Gives the constants of collected programs back. */
interface Held {
  readonly device: GpuDevice;
  constants: PooledBuffer | null;
}
const collected = new FinalizationRegistry<Held>(freeConstants);

function freeConstants(held: Held): void {
  if (held.constants !== null) held.device.pool.release(held.constants);
  held.constants = null;
}

/** A program for a GPU. Who calls it has checked what it is given: `LoadedGpuProgram` does, and compiled functions do. */
export class GpuProgram implements Callable {
  readonly name: string;
  readonly schedule: Schedule;
  /** By shader; complete once `ready` is null. */
  pipelines: readonly ShaderPipeline[] = [];

  /** While shaders are being compiled. */
  #ready: Promise<void> | null = null;
  #failure: Error | null = null;
  #disposed = false;
  readonly #held: Held;
  readonly #inputBytes: readonly number[];
  readonly #outputBytes: readonly number[];
  /** Declared cache: bind groups by shader and by the ids of the buffers, least recently used first. */
  readonly #groups: Map<string, GPUBindGroup>[];
  readonly #immediate: boolean;

  constructor(
    readonly executable: WebGpuExecutable,
    readonly device: GpuDevice,
  ) {
    const { name, inputs, outputs } = executable.interface;
    this.name = name;
    this.schedule = prepareSchedule(executable.schedule);
    this.#immediate = this.schedule.body.commands <= COMMANDS_AT_ONCE;
    this.#inputBytes = inputs.map(byteLength);
    this.#outputBytes = outputs.map(byteLength);
    this.#groups = executable.shaders.map(() => new Map());
    this.#held = { device, constants: null };
    collected.register(this, this.#held, this.#held);
    const pipelines = executable.shaders.map((shader) => device.pipelines.get(shader, name));
    const made = pipelines.filter((pipeline): pipeline is ShaderPipeline => !(pipeline instanceof Promise));
    if (made.length === pipelines.length) {
      this.pipelines = made;
      return;
    }
    this.#ready = Promise.all(pipelines)
      .then(
        (compiled) => {
          this.pipelines = compiled;
        },
        (error: unknown) => {
          this.#failure = device.lost ?? asError(error);
        },
      )
      .then(() => {
        this.#ready = null;
      });
  }

  /** Throws where the device is lost or the program was disposed of. */
  checkUsable(): void {
    this.device.checkAlive();
    if (this.#disposed) throw new DisposedError(`${this.name}: the program was disposed`);
  }

  /**
   * Runs the program: its results are there at once, as storages whose bytes the GPU will write. What goes wrong on
   * the way is the error of reading them.
   *
   * `donated[i]` gives input i's memory up: an output takes it over where the program allows and nobody else holds it,
   * and the input is gone afterwards.
   */
  run(inputs: readonly GpuStorage[], donated: readonly boolean[] | null = null): GpuStorage[] {
    const { device, name } = this;
    const { pool } = device;
    this.checkUsable();
    const { aliases } = this.executable.interface;
    const buffers = inputs.map((storage) => storage.buffer);
    const sources = [...buffers];
    const outputs = this.#outputBytes.map((bytes, o) => {
      const alias = aliases[o] ?? null;
      if (alias === null) return device.allocate(bytes);
      // The schedule writes output o in input `alias`'s own buffer. Where somebody else holds that, in a copy of it.
      const input = inputs[alias];
      const owned = donated?.[alias] === true && input.references === 1;
      const output = owned ? device.adopt(input, name) : device.allocate(bytes);
      buffers[alias] = output.buffer;
      return output;
    });

    // Until the commands are encoded, no other call may get these buffers.
    for (const buffer of sources) buffer.pins++;
    for (const { buffer } of outputs) buffer.pins++;
    if (donated !== null) {
      for (const [i, input] of inputs.entries()) if (donated[i]) input.release("donated", name);
    }
    let finished: () => void = () => {};
    const checked = new Promise<void>((resolve) => {
      finished = resolve;
    });
    for (const output of outputs) output.checked = checked;
    const failures = inputs.filter((input) => input.checked !== null || input.error !== null);

    device.stream.run(() => {
      const call = new Call(
        this,
        buffers,
        outputs.map(({ buffer }) => buffer),
      );
      const settle = (thrown: Error | null): void => {
        call.finish();
        for (const buffer of sources) pool.unpin(buffer);
        for (const { buffer } of outputs) pool.unpin(buffer);
        void this.#settle(call, thrown, failures, outputs).then(() => {
          for (const output of outputs) if (output.checked === checked) output.checked = null;
          finished();
        });
      };
      const encode = (): void | Promise<void> => {
        if (this.#failure !== null) throw this.#failure;
        for (const [i, source] of sources.entries()) {
          if (source !== buffers[i]) call.copyWhole(source, buffers[i], wordBytes(this.#inputBytes[i]));
        }
        if (!this.#immediate) return call.run(this.schedule.body).then(() => call.submit());
        call.encode(this.schedule.body);
        call.submit();
      };
      const attempt = (): void | Promise<void> => {
        try {
          const pending = encode();
          if (pending === undefined) return settle(null);
          return pending.then(
            () => settle(null),
            (error: unknown) => settle(asError(error)),
          );
        } catch (error) {
          settle(asError(error));
        }
      };
      return this.#ready === null ? attempt() : this.#ready.then(attempt);
    });
    return outputs;
  }

  /** Resolves when its shaders are compiled; rejects with the GpuError of one that is refused. */
  async ready(): Promise<void> {
    await this.#ready;
    if (this.#failure !== null) throw this.#failure;
  }

  /** The bind group of a dispatch with the buffers of a call. */
  bindGroup(node: DispatchNode, bufferOf: (buffer: GpuBuffer) => PooledBuffer): GPUBindGroup {
    const groups = this.#groups[node.shader];
    const buffers = node.buffers.map(bufferOf);
    let key = "";
    for (const { id } of buffers) key += `${id},`;
    let group = groups.get(key);
    if (group !== undefined) {
      groups.delete(key);
    } else {
      const shader = this.executable.shaders[node.shader];
      group = this.device.gpu.createBindGroup({
        label: shader.name,
        layout: this.pipelines[node.shader].layout,
        entries: buffers.map(({ gpu: buffer }, binding) => ({
          binding,
          resource: { buffer, size: shader.bindings[binding].bytes },
        })),
      });
      if (groups.size >= BIND_GROUP_LIMIT) {
        const oldest = groups.keys().next();
        if (!oldest.done) groups.delete(oldest.value);
      }
    }
    groups.set(key, group);
    return group;
  }

  /** The buffer of the constant segment, written when it is first needed. */
  constants(): PooledBuffer {
    this.#held.constants ??= this.device.store(this.executable.interface.constants).buffer;
    return this.#held.constants;
  }

  /** Frees the program's constants. It cannot run afterwards. */
  dispose(): void {
    this.#disposed = true;
    collected.unregister(this.#held);
    freeConstants(this.#held);
  }

  /** Waits for the GPU's answers, and marks the results with what went wrong, here or where the inputs came from. */
  async #settle(
    call: Call,
    thrown: Error | null,
    inputs: readonly GpuStorage[],
    outputs: readonly GpuStorage[],
  ): Promise<void> {
    let error = thrown;
    for (const answer of call.answers) {
      const problem = await answer.catch(() => null);
      if (problem !== null) error ??= this.#gpuError(problem);
    }
    for (const input of inputs) {
      await input.checked;
      if (input.error !== null) error = input.error;
    }
    // An allocation that failed is the reason for the refused commands, not another problem.
    for (const buffer of call.buffers()) error = buffer.error ?? error;
    if (this.device.lost !== null) error = this.device.lost;
    for (const output of outputs) output.error = error;
  }

  #gpuError({ message }: GPUError): GpuError {
    // Commands are labelled with the kernels' names.
    const shader =
      this.executable.shaders.find(({ name }) => message.includes(`"${name}"`)) ??
      (this.executable.shaders.length === 1 ? this.executable.shaders[0] : undefined);
    const where = shader === undefined ? this.name : describeShader(shader, this.name);
    return new GpuError(`${where}: the GPU refuses a command: ${message}`);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new GpuError(String(error));
}

/** Of an input or output. */
export function byteLength(tensor: WebGpuExecutable["interface"]["inputs"][number]): number {
  return tensor.shape.reduce((n, extent) => n * extent, bytesOfDType(tensor.dtype));
}
