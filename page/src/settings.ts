// Which model, and how literally it takes the strokes.

import type { Model, Models } from "./api";
import { h } from "./dom";
import { t } from "./strings";
import type { Studio } from "./studio";

export class SettingsPanel {
  readonly element: HTMLElement;
  private readonly slider = h("input", { type: "range", min: 0, max: 100, value: 70 });
  private readonly auto = h("input", { type: "checkbox" });
  private readonly missing = h("p", { class: "hint" }, t("faithfulNot"));
  private readonly faithful: HTMLElement;
  private readonly select: HTMLSelectElement;

  constructor(
    private readonly studio: Studio,
    models: Models,
    private readonly model: () => Model,
    private readonly chosen: (model: Model) => void,
  ) {
    const usable = models.models.filter((one) => one.direction === "sketch-to-photo");
    this.select = h(
      "select",
      {},
      ...usable.map(({ name, size }) => {
        const about = t("modelAbout", { name, size });
        const { better } = models;
        const text = name === models.default && better ? t("modelThen", { about, better }) : about;
        return h("option", { value: name }, text);
      }),
    );
    this.select.addEventListener("change", () => studio.set({ model: this.select.value }));
    this.slider.addEventListener("input", () =>
      studio.set({ faithful: Number(this.slider.value) / 100 }),
    );
    this.auto.addEventListener("change", () =>
      studio.set({ faithful: this.auto.checked ? null : Number(this.slider.value) / 100 }),
    );
    this.slider.setAttribute("aria-label", t("faithful"));
    this.faithful = h(
      "div",
      { class: "faithful" },
      h("span", { class: "hint" }, t("faithfulLoose")),
      this.slider,
      h("span", { class: "hint" }, t("faithfulExact")),
      h("label", { class: "check" }, this.auto, t("faithfulAuto")),
    );
    this.element = h(
      "section",
      { class: "panel", "aria-label": t("model") },
      h(
        "div",
        { class: "heading" },
        h("h2", {}, t("faithful")),
        h("label", { class: "field" }, h("span", {}, t("model")), this.select),
      ),
      this.faithful,
      this.missing,
    );
    studio.on("settings", () => this.show());
    this.show();
  }

  private show(): void {
    const model = this.model();
    const { faithful } = this.studio.work.settings;
    this.select.value = model.name;
    this.auto.checked = faithful === null;
    if (faithful !== null) this.slider.value = String(Math.round(100 * faithful));
    this.slider.classList.toggle("unset", faithful === null);
    this.faithful.hidden = !model.literal;
    this.missing.hidden = model.literal;
    this.chosen(model);
  }
}
