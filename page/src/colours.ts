// Colours of skin, hair, eyes, lips and background, and dice that propose them.

import { variants, type Asked, type Model, type Models, type Variant } from "./api";
import { h } from "./dom";
import { icon } from "./icons";
import { note } from "./notes";
import { t } from "./strings";
import type { Studio } from "./studio";
import { PARTS, type Part } from "./work";

const SWATCHES = 8;

export class ColourPanel {
  readonly element: HTMLElement;
  private readonly missing = h("p", { class: "hint", hidden: true }, t("coloursNot"));
  private readonly fields = h("div", { class: "parts" });
  private readonly thumbs = h("div", { class: "thumbs", role: "group", "aria-label": t("rollHelp") });
  private readonly dice: HTMLButtonElement;

  constructor(
    private readonly studio: Studio,
    models: Models,
    /** The drawing to ask with; null while there is none. */
    private readonly asked: () => Promise<Asked | null>,
    /** A swatch was chosen: the pen for colour may take it up. */
    private readonly picked: (colour: string) => void,
  ) {
    for (const part of PARTS) this.fields.append(this.part(part, models.parts[part] ?? []));
    this.dice = h("button", { type: "button", class: "wide", title: `${t("rollHelp")} (X)` });
    this.dice.append(icon("die"), t("roll"));
    this.dice.addEventListener("click", () => void this.roll());
    this.element = h(
      "section",
      { class: "panel colours", "aria-label": t("colours") },
      h("div", { class: "heading" }, h("h2", {}, t("colours")), this.dice),
      this.missing,
      this.thumbs,
      this.fields,
    );
    studio.on("settings", () => this.show());
    studio.on("work", () => this.thumbs.replaceChildren());
  }

  /** Whether the model takes colours. */
  set model(model: Model) {
    this.missing.hidden = model.hints;
    this.fields.hidden = this.dice.hidden = this.thumbs.hidden = !model.hints;
    this.show();
  }

  /** Four photos to choose from. */
  async roll(): Promise<void> {
    const asked = await this.asked();
    if (!asked?.model.hints) return;
    this.dice.disabled = true;
    try {
      // What was chosen by hand stays; what an earlier roll proposed is rolled again.
      const colours = Object.fromEntries(
        Object.entries(asked.settings.colours).filter(([part]) => !this.rolled.has(part)),
      );
      const settings = { ...asked.settings, colours };
      const seed = Math.floor(Math.random() * 2 ** 31);
      const found = await variants({ ...asked, settings, format: "jpeg" }, 4, seed);
      this.thumbs.replaceChildren(...found.map((one, at) => this.thumb(one, at)));
    } catch (error) {
      note(error instanceof Error ? error.message || t("offline") : String(error));
    } finally {
      this.dice.disabled = false;
    }
  }

  private readonly rolled = new Set<string>();

  private thumb({ image, colours }: Variant, at: number): HTMLElement {
    const url = URL.createObjectURL(image);
    const picture = h("img", { src: url, alt: "" });
    picture.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    const label = t("variant", { n: at + 1 });
    const button = h("button", { type: "button", class: "thumb", "aria-label": label }, picture);
    button.addEventListener("click", () => {
      for (const other of this.thumbs.children) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", "true");
      const before = this.studio.work.settings.colours;
      for (const part of Object.keys(colours)) {
        if (!before[part as Part]) this.rolled.add(part);
      }
      this.studio.set({ colours });
    });
    button.setAttribute("aria-pressed", "false");
    return button;
  }

  private part(part: Part, named: { name: string; colour: string }[]): HTMLElement {
    const swatches = h("div", { class: "swatches" });
    const choice = (value: string, label: string, look: Record<string, string>): HTMLElement => {
      const input = h("input", { type: "radio", name: part, value, "aria-label": label });
      input.addEventListener("change", () => this.choose(part, value));
      return h("label", { class: "swatch", title: label, ...look }, input);
    };
    swatches.append(choice("", t("anyColour"), { "data-any": "" }));
    for (const { name, colour } of named.slice(0, SWATCHES)) {
      const one = choice(colour, name, {});
      one.style.setProperty("--colour", colour);
      swatches.append(one);
    }
    const own = h("input", { type: "color", value: "#888888", "aria-label": `${t(part)}: ${t("ownColour")}` });
    own.addEventListener("input", () => this.choose(part, own.value));
    swatches.append(h("label", { class: "swatch own", title: t("ownColour") }, own));
    swatches.setAttribute("role", "radiogroup");
    swatches.setAttribute("aria-label", t(part));
    swatches.dataset["part"] = part;
    return h("div", { class: "part" }, h("span", { "aria-hidden": "true" }, t(part)), swatches);
  }

  private choose(part: Part, colour: string): void {
    const colours = { ...this.studio.work.settings.colours };
    if (colour) colours[part] = colour;
    else delete colours[part];
    this.rolled.delete(part);
    this.studio.set({ colours });
    if (colour) this.picked(colour);
  }

  private show(): void {
    for (const part of PARTS) {
      const field = this.fields.querySelector(`[data-part=${part}]`);
      const colour = this.studio.work.settings.colours[part] ?? "";
      let named = false;
      for (const input of field?.querySelectorAll<HTMLInputElement>("input[type=radio]") ?? []) {
        input.checked = input.value === colour;
        named ||= input.checked;
      }
      const own = field?.querySelector<HTMLInputElement>("input[type=color]");
      own?.parentElement?.classList.toggle("chosen", !named);
      if (own && !named) own.value = colour;
      own?.parentElement?.style.setProperty("--colour", named ? "" : colour);
    }
  }
}
