// A picture to trace: shown under the ink, and never part of the drawing.

import { clamp, h } from "./dom";
import { t } from "./strings";
import type { View } from "./view";

export class Underlay {
  readonly element = h("img", { class: "underlay", alt: "", hidden: true });
  /** How it is shown; hidden while there is no picture. */
  readonly options: HTMLElement;
  private readonly move: HTMLInputElement;
  private x = 0;
  private y = 0;
  private scale = 1;
  private readonly size: HTMLInputElement;

  constructor() {
    const fade = h("input", { type: "range", min: 5, max: 100, value: 40 });
    fade.addEventListener("input", () => (this.element.style.opacity = `${Number(fade.value) / 100}`));
    this.size = h("input", { type: "range", min: 20, max: 400, value: 100 });
    this.size.addEventListener("input", () => {
      this.scale = Number(this.size.value) / 100;
      this.apply();
    });
    this.move = h("input", { type: "checkbox" });
    const remove = h("button", { type: "button", class: "plain" }, t("removeUnder"));
    remove.addEventListener("click", () => this.show(null));
    this.element.style.opacity = "0.4";
    this.options = h(
      "div",
      { class: "options", hidden: true },
      h("label", { class: "field" }, h("span", {}, t("fade")), fade),
      h("label", { class: "field" }, h("span", {}, t("size")), this.size),
      h("label", { class: "check" }, this.move, t("moveUnder")),
      remove,
    );
  }

  /** Shows a picture, fitted to the sheet, or none. */
  show(picture: Blob | null): void {
    if (this.element.src) URL.revokeObjectURL(this.element.src);
    this.element.removeAttribute("src");
    this.element.hidden = this.options.hidden = !picture;
    this.move.checked = false;
    this.x = this.y = 0;
    this.scale = 1;
    this.size.value = "100";
    if (picture) this.element.src = URL.createObjectURL(picture);
    this.apply();
  }

  /** While it is being moved, dragging on the paper moves it and the wheel sizes it. */
  moveWith(frame: HTMLElement, view: View): void {
    let last: [number, number] | null = null;
    const takes = (event: Event): boolean => {
      if (!this.move.checked || this.element.hidden) return false;
      event.stopImmediatePropagation();
      event.preventDefault();
      return true;
    };
    const options = { capture: true };
    frame.addEventListener(
      "pointerdown",
      (event) => {
        if (!takes(event)) return;
        frame.setPointerCapture(event.pointerId);
        last = view.toSheet(event.clientX, event.clientY);
      },
      options,
    );
    frame.addEventListener(
      "pointermove",
      (event) => {
        if (!last || !takes(event)) return;
        const now = view.toSheet(event.clientX, event.clientY);
        this.x += now[0] - last[0];
        this.y += now[1] - last[1];
        last = now;
        this.apply();
      },
      options,
    );
    frame.addEventListener("pointerup", () => (last = null), options);
    frame.addEventListener(
      "wheel",
      (event) => {
        if (!takes(event)) return;
        this.scale = clamp(this.scale * Math.exp(-event.deltaY / 500), 0.2, 4);
        this.size.value = String(Math.round(100 * this.scale));
        this.apply();
      },
      { capture: true, passive: false },
    );
  }

  private apply(): void {
    this.element.style.transform =
      `translate(${100 * this.x}%, ${100 * this.y}%) scale(${this.scale})`;
  }
}
