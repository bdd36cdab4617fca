// Autosave in the browser: the work survives a crash or a reload, and can be forgotten.

import { clear, get, set } from "idb-keyval";
import { note } from "./notes";
import { t } from "./strings";
import type { Studio } from "./studio";
import { fromFile, toFile, type Work } from "./work";

const KEY = "work";
/** Milliseconds of quiet after which the work is kept. */
const QUIET = 400;

export class Store {
  private timer = 0;
  private works = true;

  constructor(private readonly studio: Studio) {
    studio.on("drawing", () => this.later());
    studio.on("settings", () => this.later());
    // A tab that goes away does not wait for the quiet.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.timer) void this.keep();
    });
  }

  /** The work of the last visit, if there is any. */
  async last(): Promise<Work | null> {
    try {
      const kept = await get<string>(KEY);
      return kept ? fromFile(kept) : null;
    } catch {
      return null;
    }
  }

  /** Deletes all that the page has kept in this browser. */
  async forget(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = 0;
    await clear();
    localStorage.clear();
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.keep(), QUIET);
  }

  private async keep(): Promise<void> {
    this.timer = 0;
    try {
      await set(KEY, toFile(this.studio.work));
    } catch {
      if (this.works) note(t("noStorage"));
      this.works = false;
    }
  }
}
