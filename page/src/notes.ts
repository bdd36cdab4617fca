// Messages that come and go, read out by screen readers.

import { h } from "./dom";
import { t } from "./strings";

const area = h("div", { class: "notes", role: "status", "aria-live": "polite" });
const lasting = new Map<string, HTMLElement>();

export const notesArea = (): HTMLElement => area;

/** Shows a message for some seconds, with a button if something can be done. */
export function note(text: string, action?: { text: string; run: () => void }): void {
  const close = (): void => element.remove();
  const element = h(
    "div",
    { class: "note" },
    h("span", {}, text),
    action &&
      h("button", { type: "button", class: "plain", onclick: () => (close(), action.run()) }, action.text),
    h("button", { type: "button", class: "plain", "aria-label": t("close"), onclick: close }, "×"),
  );
  area.append(element);
  setTimeout(close, action ? 15000 : 6000);
}

/** Shows a message until it is taken back with null. */
export function lastingNote(key: string, text: string | null): void {
  const there = lasting.get(key);
  if (text === null) {
    there?.remove();
    lasting.delete(key);
  } else if (!there) {
    const element = h("div", { class: "note" }, h("span", {}, text));
    lasting.set(key, element);
    area.append(element);
  }
}
