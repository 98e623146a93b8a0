/** Writing to stdout, and keeping it to ourselves while the user's code runs. */

/** Writes and waits until it is written, as the process may end right after. */
export async function print(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Runs `work` with everything it writes to stdout going to stderr: stdout is for what was asked for. */
export async function withStdoutOnStderr<T>(work: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process;
  const write = stdout.write;
  stdout.write = stderr.write.bind(stderr);
  try {
    return await work();
  } finally {
    stdout.write = write;
  }
}
