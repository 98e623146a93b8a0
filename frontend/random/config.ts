/** How random bits are made. */
export interface RandomConfig {
  /**
   * Whether a bit depends on its own place alone, as JAX has it by default since 0.5 (`jax_threefry_partitionable`);
   * false gives the numbers of JAX before. Read when a function is traced: a function compiled before keeps its bits.
   */
  threefryPartitionable: boolean;
}

/** Settings of the generator, for the whole program (`jax.config`). */
export const config: RandomConfig = { threefryPartitionable: true };
