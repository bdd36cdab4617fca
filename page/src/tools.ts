// The pens and how they are set; kept for the next visit.

import { h } from "./dom";
import { icon, type Icon } from "./icons";
import type { Shape } from "./pointer";
import { t, type Key } from "./strings";
import type { Studio } from "./studio";
import type { Tool } from "./work";

type Pen = Pick<Shape, "width" | "soft" | "strength">;

const NAMES: Tool[] = ["pencil", "brush", "eraser", "smudge", "dab"];
const LETTERS: Record<Tool, string> = {
  pencil: "P",
  brush: "B",
  eraser: "E",
  smudge: "S",
  dab: "D",
};
const FIRST: Record<Tool, Pen> = {
  pencil: { width: 0.007, soft: 0.35, strength: 0.6 },
  brush: { width: 0.011, soft: 0.15, strength: 0.9 },
  eraser: { width: 0.05, soft: 0.3, strength: 1 },
  smudge: { width: 0.05, soft: 0.7, strength: 0.6 },
  dab: { width: 0.06, soft: 0.3, strength: 0.8 },
};
const THINNEST = 0.002;
const WIDEST = 0.15;

interface Kept {
  tool: Tool;
  pens: Record<Tool, Pen>;
  colour: string;
  mirror: boolean;
}

export class Tools {
  readonly bar: HTMLElement;
  readonly options: HTMLElement;
  private readonly kept: Kept = load();
  private readonly buttons = new Map<Tool, HTMLButtonElement>();
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly mirror: HTMLButtonElement;
  private readonly sliders: Record<keyof Pen, HTMLInputElement>;
  private readonly colour: HTMLInputElement;
  private readonly colourField: HTMLElement;

  /** Called when the pen may have another width. */
  resized: () => void = () => {};

  constructor(private readonly studio: Studio) {
    for (const name of NAMES) {
      const press = (): void => this.choose(name);
      const button = tool(name, t(name), LETTERS[name], press);
      this.buttons.set(name, button);
    }
    this.undo = tool("undo", t("undo"), "Ctrl+Z", () => void studio.undo());
    this.redo = tool("redo", t("redo"), "Ctrl+Shift+Z", () => void studio.redo());
    this.mirror = tool("mirror", t("mirror"), "M", () => this.flip());
    const clear = tool("clear", t("clear"), "", () => void studio.clear());
    this.bar = h(
      "div",
      { class: "bar", role: "toolbar", "aria-label": t("tools") },
      ...this.buttons.values(),
      h("span", { class: "gap" }),
      this.undo,
      this.redo,
      clear,
      h("span", { class: "gap" }),
      this.mirror,
    );
    this.sliders = {
      width: this.slider("width", (value) => toWidth(value)),
      soft: this.slider("soft", (value) => value / 100),
      strength: this.slider("strength", (value) => value / 100),
    };
    this.colour = h("input", { type: "color", value: this.kept.colour });
    this.colour.addEventListener("input", () => {
      this.kept.colour = this.colour.value;
      this.changed();
    });
    this.colourField = h("label", { class: "field" }, h("span", {}, t("dabColour")), this.colour);
    this.options = h(
      "div",
      { class: "options" },
      this.colourField,
      ...(["width", "soft", "strength"] as const).map((name) =>
        h("label", { class: "field" }, h("span", {}, t(name)), this.sliders[name]),
      ),
    );
    studio.on("drawing", () => this.history());
    this.changed();
    this.history();
  }

  /** What the pen does now, or would do with another tool. */
  shape(tool: Tool = this.kept.tool): Shape {
    const { mirror, colour } = this.kept;
    const shape: Shape = { tool, mirror, ...this.kept.pens[tool] };
    if (tool === "dab") shape.colour = colour;
    return shape;
  }

  choose(name: Tool): void {
    this.kept.tool = name;
    this.changed();
  }

  flip(): void {
    this.kept.mirror = !this.kept.mirror;
    this.changed();
  }

  /** Wider (above 1) or narrower. */
  widen(factor: number): void {
    const pen = this.kept.pens[this.kept.tool];
    pen.width = Math.min(WIDEST, Math.max(THINNEST, pen.width * factor));
    this.changed();
  }

  /** Uses a colour for dabs. */
  pick(colour: string): void {
    this.kept.colour = colour;
    this.changed();
  }

  /** The tool that a letter chooses, if it does. */
  static of(letter: string): Tool | undefined {
    return NAMES.find((name) => LETTERS[name] === letter.toUpperCase());
  }

  private slider(name: keyof Pen, value: (shown: number) => number): HTMLInputElement {
    const input = h("input", { type: "range", min: 0, max: 100, step: 1 });
    input.addEventListener("input", () => {
      this.kept.pens[this.kept.tool][name] = value(Number(input.value));
      this.changed();
    });
    return input;
  }

  private changed(): void {
    const { tool, mirror, pens, colour } = this.kept;
    for (const [name, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(name === tool));
    }
    this.mirror.setAttribute("aria-pressed", String(mirror));
    this.sliders.width.value = String(fromWidth(pens[tool].width));
    this.sliders.soft.value = String(100 * pens[tool].soft);
    this.sliders.strength.value = String(100 * pens[tool].strength);
    this.colour.value = colour;
    this.colourField.hidden = tool !== "dab";
    localStorage.setItem("tools", JSON.stringify(this.kept));
    this.resized();
  }

  private history(): void {
    this.undo.disabled = !this.studio.canUndo;
    this.redo.disabled = !this.studio.canRedo;
  }
}

/** A button with an icon; `keys` is the shortcut that its title shows. */
export function tool(
  name: Icon,
  label: string,
  keys: string,
  press: () => void,
): HTMLButtonElement {
  const title = keys ? `${label} (${keys})` : label;
  const button = h("button", { type: "button", class: "tool", "aria-label": label, title });
  button.append(icon(name));
  button.addEventListener("click", press);
  return button;
}

export const shortcuts = (): [string, string][] => [
  ...NAMES.map((name): [string, string] => [LETTERS[name], t(name as Key)]),
];

const toWidth = (shown: number): number => THINNEST * (WIDEST / THINNEST) ** (shown / 100);
const fromWidth = (width: number): number =>
  Math.round((100 * Math.log(width / THINNEST)) / Math.log(WIDEST / THINNEST));

function load(): Kept {
  const kept: Kept = { tool: "pencil", pens: structuredClone(FIRST), colour: "#8d5524", mirror: false };
  try {
    const found = JSON.parse(localStorage.getItem("tools") ?? "{}") as Partial<Kept>;
    if (found.tool && NAMES.includes(found.tool)) kept.tool = found.tool;
    if (typeof found.mirror === "boolean") kept.mirror = found.mirror;
    if (/^#[0-9a-f]{6}$/.test(found.colour ?? "")) kept.colour = found.colour ?? kept.colour;
    for (const name of NAMES) {
      const pen = found.pens?.[name];
      if (pen && Object.values(pen).every((one) => one >= 0 && one <= 1)) {
        kept.pens[name] = { ...kept.pens[name], ...pen };
      }
    }
  } catch {
    // Kept by a version that wrote it otherwise: begin anew.
  }
  return kept;
}
