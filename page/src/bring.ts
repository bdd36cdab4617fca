// Bringing a drawing: a file, a paste, a photo of paper. The server cleans, turns and aligns it as
// `limner photo` does; where it goes wrong, the dialog puts it right.

import { align, Problem, type Found, type Model } from "./api";
import { blobOf, clamp, context, h, offscreen } from "./dom";
import { note } from "./notes";
import { t } from "./strings";
import type { Studio } from "./studio";

type Eyes = [number, number, number, number];

/** Longest side of the page that is kept, in px. */
const KEPT = 2000;

export class Bring {
  constructor(
    private readonly studio: Studio,
    private readonly model: () => Model,
    /** A drawing has come. */
    private readonly placed: () => void,
  ) {}

  /** Lays a drawing on the paper. */
  async drawing(file: Blob): Promise<void> {
    try {
      await this.place(file, await align(file, this.model()));
    } catch (error) {
      if (error instanceof Problem && error.type.endsWith("no-face")) {
        await this.correct(file, null, error.message);
      } else {
        note(error instanceof Error ? error.message || t("offline") : String(error));
      }
    }
  }

  private async place(file: Blob, found: Found, correctable = true): Promise<void> {
    const page = correctable ? await pageOf(file) : null;
    const scale = page?.scale ?? 1;
    const eyes = found.eyes?.map((one) => one * scale) as Eyes | undefined;
    await this.studio.place(found.crop, page && eyes ? { page: page.url, eyes } : null);
    this.placed();
    const text = found.notes.length
      ? t("alignedNotes", { notes: found.notes.join(", ") })
      : t("aligned");
    note(text, {
      text: t("correct"),
      run: () => void this.correct(file, found.eyes ?? null, ""),
    });
  }

  /** Asks where the eyes are. */
  private async correct(file: Blob, eyes: Eyes | null, problem: string): Promise<void> {
    const dialog = new Correction(file, eyes, problem);
    const answer = await dialog.ask();
    if (!answer) return;
    try {
      const { picture, how } = answer;
      await this.place(picture, await align(picture, this.model(), how), !how.asIs);
    } catch (error) {
      await this.correct(answer.picture, null, error instanceof Error ? error.message : "");
    }
  }
}

interface Answer {
  picture: Blob;
  how: { eyes?: number[]; asIs?: boolean; clean?: boolean };
}

/** The dialog with two marks on the picture. */
class Correction {
  private readonly dialog: HTMLDialogElement;
  private readonly canvas = h("canvas", { class: "page" });
  private readonly marks: [HTMLElement, HTMLElement];
  private readonly clean = h("input", { type: "checkbox", checked: true });
  private readonly message: HTMLElement;
  private picture: Blob;
  private eyes: Eyes = [0.35, 0.4, 0.65, 0.4];
  private resolve: (answer: Answer | null) => void = () => {};

  constructor(file: Blob, eyes: Eyes | null, problem: string) {
    this.picture = file;
    this.message = h("p", { class: "problem", role: "alert", hidden: !problem }, problem);
    this.marks = [this.mark(0, t("eyeLeft")), this.mark(1, t("eyeRight"))];
    const button = (text: string, press: () => void, look = ""): HTMLButtonElement =>
      h("button", { type: "button", class: look, onclick: press }, text);
    this.dialog = h(
      "dialog",
      { class: "correction", "aria-label": t("correctTitle") },
      h("h2", {}, t("correctTitle")),
      this.message,
      h("p", { class: "hint" }, t("correctHelp")),
      h("div", { class: "stage" }, this.canvas, ...this.marks),
      h(
        "div",
        { class: "row" },
        button(t("turnLeft"), () => void this.turn(-1), "plain"),
        button(t("turnRight"), () => void this.turn(1), "plain"),
        h("label", { class: "check" }, this.clean, t("clean")),
      ),
      h(
        "div",
        { class: "row end" },
        button(t("cancel"), () => this.close(null), "plain"),
        button(t("useWhole"), () => this.close({ asIs: true })),
        button(t("useMarks"), () => this.close({ eyes: this.inPixels() }), "strong"),
      ),
    );
    this.dialog.addEventListener("cancel", () => this.close(null));
    void this.show(eyes);
  }

  ask(): Promise<Answer | null> {
    document.body.append(this.dialog);
    this.dialog.showModal();
    return new Promise((resolve) => (this.resolve = resolve));
  }

  private close(how: Answer["how"] | null): void {
    this.dialog.close();
    this.dialog.remove();
    this.resolve(how && { picture: this.picture, how: { ...how, clean: this.clean.checked } });
  }

  private async show(eyes: Eyes | null): Promise<void> {
    let picture: ImageBitmap;
    try {
      picture = await createImageBitmap(this.picture);
    } catch {
      this.message.hidden = false;
      this.message.textContent = t("noPreview");
      return;
    }
    this.canvas.width = picture.width;
    this.canvas.height = picture.height;
    context(this.canvas).drawImage(picture, 0, 0);
    picture.close();
    if (eyes) {
      const { width, height } = this.canvas;
      this.eyes = [eyes[0] / width, eyes[1] / height, eyes[2] / width, eyes[3] / height];
    }
    this.put();
  }

  private inPixels(): number[] {
    const { width, height } = this.canvas;
    return this.eyes.map((share, at) => share * (at % 2 ? height : width));
  }

  private async turn(quarter: 1 | -1): Promise<void> {
    const { width, height } = this.canvas;
    const turned = offscreen(height, width);
    const layer = context(turned);
    layer.translate(height / 2, width / 2);
    layer.rotate((quarter * Math.PI) / 2);
    layer.drawImage(this.canvas, -width / 2, -height / 2);
    this.picture = await blobOf(turned);
    await this.show(null);
  }

  private mark(at: 0 | 1, label: string): HTMLElement {
    const mark = h("button", { type: "button", class: "mark", "aria-label": label });
    const move = (x: number, y: number): void => {
      this.eyes[2 * at] = clamp(x, 0, 1);
      this.eyes[2 * at + 1] = clamp(y, 0, 1);
      this.put();
    };
    mark.addEventListener("pointerdown", (event) => mark.setPointerCapture(event.pointerId));
    mark.addEventListener("pointermove", (event) => {
      if (!mark.hasPointerCapture(event.pointerId)) return;
      const box = this.canvas.getBoundingClientRect();
      move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    });
    mark.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.05 : 0.005;
      const x = this.eyes[2 * at] ?? 0;
      const y = this.eyes[2 * at + 1] ?? 0;
      if (event.key === "ArrowLeft") move(x - step, y);
      else if (event.key === "ArrowRight") move(x + step, y);
      else if (event.key === "ArrowUp") move(x, y - step);
      else if (event.key === "ArrowDown") move(x, y + step);
      else return;
      event.preventDefault();
    });
    return mark;
  }

  private put(): void {
    this.marks.forEach((mark, at) => {
      mark.style.left = `${100 * (this.eyes[2 * at] ?? 0)}%`;
      mark.style.top = `${100 * (this.eyes[2 * at + 1] ?? 0)}%`;
    });
  }
}

/** The upright page as a data URL of at most KEPT px, and by how much it was shrunk. */
async function pageOf(file: Blob): Promise<{ url: string; scale: number } | null> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return null; // HEIC, which few browsers read; the server does
  }
  const scale = Math.min(1, KEPT / Math.max(picture.width, picture.height));
  const page = offscreen(Math.round(picture.width * scale), Math.round(picture.height * scale));
  const layer = context(page);
  layer.fillStyle = "#fff";
  layer.fillRect(0, 0, page.width, page.height);
  layer.imageSmoothingQuality = "high";
  layer.drawImage(picture, 0, 0, page.width, page.height);
  picture.close();
  return { url: page.toDataURL("image/jpeg", 0.9), scale };
}
