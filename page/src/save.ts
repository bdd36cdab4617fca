// What can be taken away: photo, drawing, both, the photo in its page, and the work itself.

import { photo, type Asked, type Models } from "./api";
import { blobOf, context, h, offscreen } from "./dom";
import { note } from "./notes";
import { withMarks } from "./png";
import { t } from "./strings";
import type { Studio } from "./studio";
import { toFile } from "./work";

const SIZES = [256, 512, 1024];

export class Save {
  /** The menu of what can be saved. */
  readonly menu: HTMLElement;
  private readonly size: HTMLSelectElement;
  private readonly inPage: HTMLButtonElement;
  private readonly ofPhoto: HTMLButtonElement[];

  constructor(
    private readonly studio: Studio,
    private readonly models: Models,
    private readonly asked: () => Promise<Asked | null>,
  ) {
    this.size = h("select", {}, ...SIZES.map((one) => h("option", { value: one }, String(one))));
    this.size.value = "512";
    const item = (text: string, run: () => Promise<void>): HTMLButtonElement =>
      h("button", { type: "button", role: "menuitem", onclick: () => void this.attempt(run) }, text);
    this.inPage = item(t("savePage"), () => this.page());
    const both = item(t("saveBoth"), () => this.both());
    const alone = item(t("savePhoto"), () => this.photo());
    this.ofPhoto = [alone, both];
    this.menu = h(
      "div",
      { class: "menu" },
      h(
        "div",
        { role: "menu", "aria-label": t("save") },
        alone,
        item(t("saveDrawing"), () => this.drawing()),
        both,
        this.inPage,
        item(t("saveWork"), () => this.work()),
      ),
      h("label", { class: "field" }, h("span", {}, t("saveSize")), this.size),
    );
    studio.on("drawing", () => this.show());
    this.show();
  }

  async work(): Promise<void> {
    const file = new Blob([toFile(this.studio.work)], { type: "application/json" });
    download(file, "face.limner");
  }

  /** The photo as a file, with the marks that say how it was made. */
  async copy(): Promise<void> {
    try {
      const made = this.made();
      await navigator.clipboard.write([new ClipboardItem({ "image/png": made })]);
      note(t("copied"));
    } catch {
      note(t("notCopied"));
    }
  }

  private show(): void {
    this.inPage.hidden = !this.studio.work.origin;
    for (const one of this.ofPhoto) one.disabled = this.studio.isBlank;
    this.inPage.disabled = this.studio.isBlank;
  }

  private async attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      note(error instanceof Error ? error.message || t("offline") : String(error));
    }
  }

  private async made(): Promise<Blob> {
    const asked = await this.asked();
    if (!asked) throw new Error(t("empty"));
    return photo({ ...asked, format: "png", size: Number(this.size.value) });
  }

  private async photo(): Promise<void> {
    download(await this.made(), "photo.png");
  }

  private async drawing(): Promise<void> {
    download(await blobOf(this.studio.sheet.drawing(Number(this.size.value))), "drawing.png");
  }

  private async both(): Promise<void> {
    const made = await this.made();
    const picture = await createImageBitmap(made);
    const side = picture.width;
    const canvas = offscreen(2 * side, side);
    const layer = context(canvas);
    layer.drawImage(this.studio.sheet.drawing(side), 0, 0);
    layer.drawImage(picture, side, 0);
    download(await withMarks(await blobOf(canvas), made), "drawing-and-photo.png");
  }

  /** The photo where its drawing was in the page, with soft edges. */
  private async page(): Promise<void> {
    const { origin, pictures } = this.studio.work;
    const url = origin && pictures[origin.picture];
    if (!origin || !url) return;
    const made = await this.made();
    const [face, page] = await Promise.all([
      createImageBitmap(made),
      fetch(url).then((answer) => answer.blob()).then(createImageBitmap),
    ]);
    const side = face.width;
    const soft = offscreen(side);
    const mask = context(soft);
    mask.drawImage(face, 0, 0);
    mask.globalCompositeOperation = "destination-in";
    mask.filter = `blur(${side * 0.03}px)`;
    mask.fillRect(side * 0.07, side * 0.07, side * 0.86, side * 0.86);
    const canvas = offscreen(page.width, page.height);
    const layer = context(canvas);
    layer.drawImage(page, 0, 0);
    // The similarity that carries the eyes of the crop to those of the page.
    const [x1, y1, x2, y2] = this.models.eyes.map((one) => one * side) as [number, number, number, number];
    const [u1, v1, u2, v2] = origin.eyes;
    const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
    const a = ((u2 - u1) * (x2 - x1) + (v2 - v1) * (y2 - y1)) / length;
    const b = ((v2 - v1) * (x2 - x1) - (u2 - u1) * (y2 - y1)) / length;
    layer.setTransform(a, b, -b, a, u1 - a * x1 + b * y1, v1 - b * x1 - a * y1);
    layer.imageSmoothingQuality = "high";
    layer.drawImage(soft, 0, 0);
    download(await withMarks(await blobOf(canvas), made), "page.png");
  }
}

function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
