// The right pane: the photo, and the drawing laid over it to compare.

import { context, h } from "./dom";
import { t } from "./strings";
import type { Studio } from "./studio";
import { tool } from "./tools";

export class Photo {
  readonly frame: HTMLElement;
  readonly compare: HTMLButtonElement;
  private readonly canvas = h("canvas", { width: 512, height: 512, role: "img" });
  private readonly over = h("canvas", { class: "over", width: 512, height: 512, hidden: true });
  private readonly slider: HTMLInputElement;
  private readonly empty = h("p", { class: "empty" }, t("empty"));
  private readonly time = h("span", { class: "time", "aria-hidden": "true" });
  private newest: Blob | null = null;

  constructor(private readonly studio: Studio) {
    this.canvas.setAttribute("aria-label", t("photoAlt"));
    this.slider = h("input", {
      type: "range",
      class: "compare",
      min: 0,
      max: 100,
      value: 50,
      hidden: true,
      "aria-label": t("compareAt"),
    });
    this.slider.addEventListener("input", () => this.cut());
    this.compare = tool("compare", t("compare"), "C", () => this.toggle());
    this.compare.setAttribute("aria-pressed", "false");
    this.frame = h(
      "div",
      { class: "frame photo" },
      this.canvas,
      this.over,
      this.slider,
      this.empty,
      this.time,
    );
    this.canvas.hidden = true;
    studio.on("drawing", () => this.drawOver());
  }

  /** Shows the photo of a model, or none; `milliseconds` is how long it took. */
  async show(photo: Blob | null, milliseconds: number, model = ""): Promise<void> {
    this.newest = photo;
    this.empty.hidden = photo !== null;
    this.canvas.hidden = photo === null;
    this.frame.classList.remove("stale");
    if (!photo) {
      this.time.textContent = "";
      return;
    }
    const picture = await createImageBitmap(photo);
    if (photo !== this.newest) return; // a newer one was decoded sooner
    // Enlarged here, since browsers enlarge canvases with less care.
    const side = this.canvas.width;
    const layer = context(this.canvas);
    layer.imageSmoothingQuality = "high";
    layer.drawImage(picture, 0, 0, side, side);
    picture.close();
    this.time.textContent = t("took", { ms: Math.round(milliseconds) });
    this.canvas.dataset["model"] = model;
    this.canvas.dataset["shown"] = String(Number(this.canvas.dataset["shown"] ?? 0) + 1);
  }

  /** The photo is not that of the drawing any more, and cannot be renewed now. */
  set stale(on: boolean) {
    this.frame.classList.toggle("stale", on);
  }

  toggle(): void {
    const on = this.over.hidden;
    this.over.hidden = this.slider.hidden = !on;
    this.compare.setAttribute("aria-pressed", String(on));
    this.drawOver();
    this.cut();
    if (on) this.slider.focus();
  }

  private drawOver(): void {
    if (this.over.hidden) return;
    context(this.over).drawImage(this.studio.sheet.drawing(512), 0, 0);
  }

  private cut(): void {
    const share = Number(this.slider.value);
    this.over.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    this.frame.style.setProperty("--share", `${share}%`);
  }
}
