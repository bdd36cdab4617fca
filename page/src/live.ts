// The photo follows the drawing: one request at a time, and only the newest drawing waits. When the
// pen rests, a better model is asked once, if there is one.

import { Offline, Problem, photo, type Asked } from "./api";

export type Status = "idle" | "working" | "offline" | "busy";

/** Milliseconds between attempts to reach a server that is gone, growing to the last. */
const RETRIES = [300, 600, 1200, 2500, 5000];
/** Milliseconds without a change after which the pen rests. */
const REST = 400;

export class Live {
  private waiting = false;
  private running = false;
  private failures = 0;
  private timer = 0;
  private better = new AbortController();
  private changedAt = 0;

  /**
   * `ask` gives the newest drawing, or null if there is nothing to show; `askBetter` the same for
   * the better model, or null if there is none; `show` gets its photo (null for none), how many
   * milliseconds it took, and of which model it is; `status` hears how it goes.
   */
  constructor(
    private readonly ask: () => Promise<Asked | null>,
    private readonly askBetter: () => Promise<Asked | null>,
    private readonly show: (
      photo: Blob | null,
      milliseconds: number,
      model?: string,
    ) => Promise<void>,
    private readonly status: (status: Status, detail?: string) => void,
  ) {}

  /** Something has changed. */
  changed(): void {
    this.changedAt = performance.now();
    clearTimeout(this.timer);
    this.better.abort();
    this.waiting = true;
    if (this.running) return;
    this.status("working");
    void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    let made: Blob | null = null;
    while (this.waiting) {
      this.waiting = false;
      const begun = performance.now();
      try {
        const asked = await this.ask();
        made = null;
        made = asked && (await photo(asked));
        await this.show(made, performance.now() - begun, asked?.model.name);
        this.failures = 0;
        if (!this.waiting) this.status("idle");
      } catch (error) {
        if (await this.fail(error)) this.waiting = true;
      }
    }
    this.running = false;
    if (!made) return;
    const rested = performance.now() - this.changedAt;
    this.timer = window.setTimeout(() => void this.improve(), Math.max(0, REST - rested));
  }

  /** Puts a better photo of the same drawing in the place of the first. */
  private async improve(): Promise<void> {
    const { signal } = (this.better = new AbortController());
    const begun = performance.now();
    try {
      const asked = await this.askBetter();
      if (!asked || signal.aborted) return;
      const made = await photo(asked, signal);
      if (!signal.aborted) await this.show(made, performance.now() - begun, asked.model.name);
    } catch (error) {
      if (!signal.aborted && (await this.fail(error)) && !signal.aborted) this.changed();
    }
  }

  /** Says what went wrong; whether, after a while, it may be better. */
  private async fail(error: unknown): Promise<boolean> {
    const wait = RETRIES[Math.min(this.failures, RETRIES.length - 1)] ?? 5000;
    if (error instanceof Offline) {
      this.failures += 1;
      this.status("offline");
      await pause(wait);
      return true;
    }
    if (error instanceof Problem && (error.status === 503 || error.status === 429)) {
      this.failures += 1;
      this.status("busy", error.message);
      await pause(Math.max(wait, error.retryAfter * 1000));
      return true;
    }
    this.status("idle", error instanceof Error ? error.message : String(error));
    return false;
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
