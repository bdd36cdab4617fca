// The state of the page: the work, its sheet, and who wants to know of changes.

import { Sheet } from "./sheet";
import { add, newWork, type Operation, type Origin, type Settings, type Work } from "./work";

/** `drawing` the ink or the dabs; `settings` model, colours or faithfulness; `work` another work. */
type Change = "drawing" | "settings" | "work";

export class Studio {
  work: Work = newWork();
  readonly sheet = new Sheet();
  private readonly listeners: Record<Change, (() => void)[]> = {
    drawing: [],
    settings: [],
    work: [],
  };
  private showing: Promise<void> = Promise.resolve();

  on(change: Change, listener: () => void): void {
    this.listeners[change].push(listener);
  }

  tell(change: Change): void {
    for (const listener of this.listeners[change]) listener();
  }

  /** Records a stroke that the sheet shows already. */
  drawn(operation: Operation): void {
    add(this.work, operation);
    this.sheet.end(this.work);
    this.tell("drawing");
  }

  /** Records an operation, and shows it. */
  async operate(operation: Operation): Promise<void> {
    add(this.work, operation);
    await this.show();
  }

  get canUndo(): boolean {
    return this.work.done > 0;
  }

  get canRedo(): boolean {
    return this.work.done < this.work.operations.length;
  }

  async undo(): Promise<void> {
    if (!this.canUndo) return;
    this.work.done -= 1;
    await this.show();
  }

  async redo(): Promise<void> {
    if (!this.canRedo) return;
    this.work.done += 1;
    await this.show();
  }

  async clear(): Promise<void> {
    if (!this.isBlank || this.hasDabs) await this.operate({ kind: "clear" });
  }

  /** Lays a brought drawing on the sheet. */
  async place(url: string, origin: { page: string; eyes: Origin["eyes"] } | null): Promise<void> {
    const key = `p${Object.keys(this.work.pictures).length}`;
    this.work.pictures[key] = url;
    this.work.origin = null;
    if (origin) {
      this.work.pictures[`${key}o`] = origin.page;
      this.work.origin = { picture: `${key}o`, eyes: origin.eyes };
    }
    await this.operate({ kind: "placed", picture: key });
  }

  set(settings: Partial<Settings>): void {
    Object.assign(this.work.settings, settings);
    this.tell("settings");
  }

  /** Takes another work in the place of this one. */
  async open(work: Work): Promise<void> {
    this.work = work;
    this.tell("work");
    this.tell("settings");
    await this.show();
  }

  /** Whether there is no ink that was not cleared. */
  get isBlank(): boolean {
    return !this.inForce("clear").some(
      (one) =>
        one.kind === "placed" ||
        (one.kind === "stroke" && (one.tool === "pencil" || one.tool === "brush")),
    );
  }

  get hasDabs(): boolean {
    return this.inForce("clear", "clear-dabs").some(
      (one) => one.kind === "stroke" && one.tool === "dab",
    );
  }

  /** The operations after the last one of these kinds. */
  private inForce(...kinds: Operation["kind"][]): Operation[] {
    const done = this.work.operations.slice(0, this.work.done);
    const last = done.findLastIndex((one) => kinds.includes(one.kind));
    return done.slice(last + 1);
  }

  private show(): Promise<void> {
    // One after the other: painting waits for pictures.
    this.showing = this.showing.then(() => this.sheet.show(this.work));
    return this.showing.then(() => this.tell("drawing"));
  }
}
