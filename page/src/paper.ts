// The left pane: the paper in its frame, the face to draw along, and drawing by keyboard.

import { clamp, h } from "./dom";
import { note } from "./notes";
import { Pointers } from "./pointer";
import { t } from "./strings";
import type { Studio } from "./studio";
import type { Tools } from "./tools";
import { Underlay } from "./underlay";
import { View } from "./view";

/** How far an arrow key moves the pen, in shares of the side; ten times as far with Shift. */
const STEP = 0.005;

export class Paper {
  readonly frame: HTMLElement;
  readonly view: View;
  readonly underlay = new Underlay();
  readonly pointers: Pointers;
  private readonly guide: SVGSVGElement;
  private readonly cursor: HTMLElement;
  private readonly sheet: HTMLElement;
  private at: [number, number] = [0.5, 0.3];
  private points: number[] | null = null;

  constructor(
    private readonly studio: Studio,
    private readonly tools: Tools,
    private readonly progress: () => void,
    moved: () => void,
  ) {
    this.guide = template([0.3, 0.3, 0.7, 0.3]);
    this.cursor = h("div", { class: "cursor", hidden: true });
    const { ink, dabs, live } = studio.sheet;
    dabs.classList.add("dabs");
    this.sheet = h("div", { class: "sheet" }, this.underlay.element, dabs, ink, live, this.cursor);
    this.sheet.insertBefore(this.guide, dabs);
    this.frame = h(
      "div",
      {
        class: "frame paper",
        tabindex: 0,
        role: "application",
        "aria-label": t("paper"),
        "aria-description": t("paperHelp"),
      },
      this.sheet,
    );
    this.view = new View(this.frame, this.sheet, moved);
    this.pointers = new Pointers(this.frame, this.view, studio, (name) => tools.shape(name), progress);
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.frame.addEventListener("blur", () => this.lift());
    this.frame.addEventListener("pointermove", (event) => this.follow(event));
    this.frame.addEventListener("pointerleave", () => (this.cursor.hidden = true));
    this.underlay.moveWith(this.frame, this.view);
  }

  /** Shows or hides the face to draw along; `eyes` are where models expect them. */
  set guided(on: boolean) {
    this.guide.style.display = on ? "" : "none";
    localStorage.setItem("guide", on ? "on" : "off");
  }

  get guided(): boolean {
    return this.guide.style.display !== "none";
  }

  fitGuide(eyes: [number, number, number, number]): void {
    this.guide.replaceChildren(...template(eyes).children);
  }

  /** A circle of the pen's size under the pointer. */
  resizeCursor(): void {
    this.cursor.style.width = this.cursor.style.height = `${100 * this.tools.shape().width}%`;
  }

  private follow(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    this.put(...this.view.toSheet(event.clientX, event.clientY));
  }

  private put(x: number, y: number): void {
    this.at = [x, y];
    this.cursor.hidden = false;
    this.cursor.style.left = `${100 * x}%`;
    this.cursor.style.top = `${100 * y}%`;
  }

  private key(event: KeyboardEvent): void {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ] ?? [0, 0];
    if (dx || dy) {
      const step = STEP * (event.shiftKey ? 10 : 1);
      const x = clamp(this.at[0] + (dx ?? 0) * step, 0, 1);
      const y = clamp(this.at[1] + (dy ?? 0) * step, 0, 1);
      this.put(x, y);
      if (this.points) {
        this.points.push(x, y, 0.5);
        this.studio.sheet.to(x, y, 0.5);
        this.studio.sheet.refresh();
        this.progress();
      }
    } else if (event.key === "Enter") {
      if (this.points) this.lift();
      else this.lower();
    } else if (event.key === "Escape") {
      this.lift();
    } else {
      return;
    }
    event.preventDefault();
  }

  private lower(): void {
    const [x, y] = this.at;
    this.put(x, y);
    this.points = [x, y, 0.5];
    this.studio.sheet.begin(this.tools.shape());
    this.studio.sheet.to(x, y, 0.5);
    this.cursor.classList.add("down");
    note(t("penDown"));
  }

  private lift(): void {
    if (!this.points) return;
    const points = this.points;
    this.points = null;
    this.cursor.classList.remove("down");
    this.studio.drawn({ kind: "stroke", ...this.tools.shape(), points });
    note(t("penUp"));
  }
}

/** A faint face whose outer eye corners are where the model expects them. */
function template([x1, y1, x2, y2]: [number, number, number, number]): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 1 1");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("guide");
  const middle = (x1 + x2) / 2;
  const eyes = (y1 + y2) / 2;
  // Proportions of adult faces, in units of the distance of the outer eye corners.
  const unit = x2 - x1;
  const eye = 0.33 * unit;
  const across = (from: number, to: number, y: number, bend: number): string =>
    `M${from} ${y} Q${(from + to) / 2} ${y + bend} ${to} ${y}`;
  const eyelids = (left: number): string =>
    across(left, left + eye, eyes, -0.14 * unit) + across(left, left + eye, eyes, 0.1 * unit);
  const chin = eyes + 1.28 * unit;
  const crown = eyes - 1.15 * unit;
  const paths = [
    `M${middle} ${crown} C${middle + 1.05 * unit} ${crown} ${middle + 0.85 * unit} ${eyes + 0.65 * unit} ` +
      `${middle + 0.3 * unit} ${chin - 0.06 * unit} Q${middle} ${chin + 0.04 * unit} ` +
      `${middle - 0.3 * unit} ${chin - 0.06 * unit} C${middle - 0.85 * unit} ${eyes + 0.65 * unit} ` +
      `${middle - 1.05 * unit} ${crown} ${middle} ${crown}`,
    eyelids(x1),
    eyelids(x2 - eye),
    across(x1 - 0.03 * unit, x1 + eye, eyes - 0.2 * unit, -0.1 * unit),
    across(x2 - eye, x2 + 0.03 * unit, eyes - 0.2 * unit, -0.1 * unit),
    across(middle - 0.18 * unit, middle + 0.18 * unit, eyes + 0.5 * unit, 0.1 * unit),
    across(middle - 0.27 * unit, middle + 0.27 * unit, eyes + 0.8 * unit, 0.03 * unit),
    across(middle - 0.2 * unit, middle + 0.2 * unit, eyes + 0.84 * unit, 0.1 * unit),
    `M${middle} ${Math.max(0, crown)} V${Math.min(1, chin + 0.1 * unit)}`,
  ];
  for (const d of paths) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
