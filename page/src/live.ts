// The photo follows the drawing: one request at a time, and only the newest drawing waits.

import { Offline, Problem, photo, type Asked } from "./api";

export type Status = "idle" | "working" | "offline" | "busy";

/** Milliseconds between attempts to reach a server that is gone, growing to the last. */
const RETRIES = [300, 600, 1200, 2500, 5000];

export class Live {
  private waiting = false;
  private running = false;
  private failures = 0;

  /**
   * `ask` gives the newest drawing, or null if there is nothing to show; `show` gets its photo
   * (null for none) and how many milliseconds it took; `status` hears how it goes.
   */
  constructor(
    private readonly ask: () => Promise<Asked | null>,
    private readonly show: (photo: Blob | null, milliseconds: number) => Promise<void> | void,
    private readonly status: (status: Status, detail?: string) => void,
  ) {}

  /** Something has changed. */
  changed(): void {
    this.waiting = true;
    if (this.running) return;
    this.status("working");
    void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting) {
      this.waiting = false;
      const begun = performance.now();
      try {
        const asked = await this.ask();
        const made = asked && (await photo(asked));
        await this.show(made, performance.now() - begun);
        this.failures = 0;
        if (!this.waiting) this.status("idle");
      } catch (error) {
        await this.fail(error);
      }
    }
    this.running = false;
  }

  private async fail(error: unknown): Promise<void> {
    const wait = RETRIES[Math.min(this.failures, RETRIES.length - 1)] ?? 5000;
    if (error instanceof Offline) {
      this.failures += 1;
      this.status("offline");
      await pause(wait);
      this.waiting = true;
    } else if (error instanceof Problem && (error.status === 503 || error.status === 429)) {
      this.failures += 1;
      this.status("busy", error.message);
      await pause(Math.max(wait, error.retryAfter * 1000));
      this.waiting = true;
    } else {
      this.status("idle", error instanceof Error ? error.message : String(error));
    }
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
