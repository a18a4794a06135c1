/** A transport whose streams a test controls. */

type Step<T> = { item: T } | { failure: Error } | { end: true };

/** One open stream. */
export class FakeStream<T> implements AsyncIterable<T> {
  readonly signal: AbortSignal;
  readonly #steps: Step<T>[] = [];
  #wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  send(item: T): void {
    this.#push({ item });
  }

  end(): void {
    this.#push({ end: true });
  }

  fail(failure: Error): void {
    this.#push({ failure });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const step = this.#steps.shift();
      if (step === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ("item" in step) yield step.item;
      else if ("failure" in step) throw step.failure;
      else return;
    }
  }

  #push(step: Step<T>): void {
    this.#steps.push(step);
    this.#wake();
  }
}

/** Opens streams and records their cursors. */
export class FakeTransport<T> {
  readonly streams: FakeStream<T>[] = [];
  readonly cursors: string[] = [];

  readonly open = (cursor: string, signal: AbortSignal): FakeStream<T> => {
    const stream = new FakeStream<T>(signal);
    this.cursors.push(cursor);
    this.streams.push(stream);
    return stream;
  };

  get latest(): FakeStream<T> {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error("no stream is open");
    return stream;
  }
}
