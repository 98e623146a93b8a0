/**
 * Rest for the event loop where the GPU is software. As long as something is awaited of it, Dawn in Node asks for events at every
 * turn of the event loop, which takes a core; here that core is one of those that the GPU's work is done on.
 */

/** Classes of the package `webgpu`, as far as something is awaited of them. */
export interface DawnClasses {
  readonly GPUBuffer: { readonly prototype: GPUBuffer };
  readonly GPUDevice: { readonly prototype: GPUDevice };
  readonly GPUQueue: { readonly prototype: GPUQueue };
}

/** A rest lasts this part of the time that was waited already, so that short waits stay short. */
const PART = 1 / 8;
const LONGEST_REST = 1;

/** From here on the event loop rests between its turns while a promise of these methods is pending. Nothing else changes. */
export function restWhileWaiting({ GPUBuffer, GPUDevice, GPUQueue }: DawnClasses): void {
  const rest = new Rest();
  rest.during(GPUBuffer.prototype, "mapAsync");
  rest.during(GPUDevice.prototype, "createComputePipelineAsync");
  rest.during(GPUQueue.prototype, "onSubmittedWorkDone");
}

class Rest {
  #pending = 0;
  #turning = false;
  #since = 0;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));

  /** Wraps a method that returns a promise. */
  during<Name extends string, Method extends (...args: never[]) => Promise<unknown>>(
    prototype: { [name in Name]: Method },
    name: Name,
  ): void {
    const method = prototype[name];
    const rest = this;
    const wrapped = function (this: unknown, ...args: Parameters<Method>): Promise<unknown> {
      const promise = method.apply(this, args);
      rest.#begin();
      promise.then(rest.#end, rest.#end);
      return promise;
    };
    prototype[name] = wrapped as Method;
  }

  #begin(): void {
    this.#since = performance.now();
    this.#pending++;
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(this.#turn);
  }

  readonly #end = (): void => {
    this.#pending--;
  };

  readonly #turn = (): void => {
    this.#turning = this.#pending > 0;
    if (!this.#turning) return;
    const waited = performance.now() - this.#since;
    Atomics.wait(this.#cell, 0, 0, Math.min(PART * waited, LONGEST_REST));
    setImmediate(this.#turn);
  };
}
