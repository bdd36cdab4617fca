// Keyboard shortcuts, and the dialog that lists them.

import { h } from "./dom";
import { t } from "./strings";
import { shortcuts, Tools } from "./tools";

export interface Actions {
  tool: (name: NonNullable<ReturnType<typeof Tools.of>>) => void;
  undo: () => void;
  redo: () => void;
  open: () => void;
  save: () => void;
  widen: (factor: number) => void;
  zoom: (factor: number, turn?: number) => void;
  fit: () => void;
  mirror: () => void;
  guide: () => void;
  compare: () => void;
  roll: () => void;
  moving: (on: boolean) => void;
}

/** Keys without Ctrl or Cmd, beside the letters of the tools. */
const PLAIN: Record<string, (actions: Actions) => void> = {
  "[": (does) => does.widen(1 / 1.25),
  "]": (does) => does.widen(1.25),
  "+": (does) => does.zoom(1.25),
  "=": (does) => does.zoom(1.25),
  "-": (does) => does.zoom(1 / 1.25),
  "0": (does) => does.fit(),
  ",": (does) => does.zoom(1, -Math.PI / 24),
  ".": (does) => does.zoom(1, Math.PI / 24),
  m: (does) => does.mirror(),
  g: (does) => does.guide(),
  c: (does) => does.compare(),
  x: (does) => does.roll(),
  "?": () => help(),
};

export function listen(actions: Actions): void {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || isText(event.target)) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") event.shiftKey ? actions.redo() : actions.undo();
      else if (key === "y") actions.redo();
      else if (key === "o") actions.open();
      else if (key === "s") actions.save();
      else return;
    } else if (event.altKey) {
      return;
    } else if (key === " ") {
      // Space presses the button that has the focus; elsewhere it takes hold of the paper.
      if (event.target instanceof HTMLElement && event.target.closest("button, label, input")) return;
      actions.moving(true);
    } else {
      const tool = Tools.of(key);
      if (tool) actions.tool(tool);
      else if (PLAIN[key]) PLAIN[key](actions);
      else return;
    }
    event.preventDefault();
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") actions.moving(false);
  });
}

const isText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && !!target.closest("select, textarea, input:not([type=range])");

/** Shows all shortcuts. */
export function help(): void {
  const rows: [string, string][] = [
    ...shortcuts(),
    ["Ctrl+Z", t("undo")],
    ["Ctrl+Shift+Z", t("redo")],
    ["[ ]", t("keysWidth")],
    ["+ −", t("keysZoom")],
    [", .", t("keysTurn")],
    ["0", t("fit")],
    [t("keysSpace"), t("keysPan")],
    ["M", t("mirror")],
    ["G", t("guide")],
    ["C", t("compare")],
    ["X", t("roll")],
    ["Ctrl+O", t("open")],
    ["Ctrl+S", t("saveWork")],
    [t("keysDrawHow"), t("keysDraw")],
  ];
  const dialog = h(
    "dialog",
    { class: "help", "aria-label": t("help") },
    h("h2", {}, t("help")),
    h(
      "table",
      {},
      ...rows.map(([keys, what]) => h("tr", {}, h("th", { scope: "row" }, what), h("td", {}, h("kbd", {}, keys)))),
    ),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "strong" }, t("close"))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
