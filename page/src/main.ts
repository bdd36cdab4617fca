// The page: builds it, and connects its parts.

import { models as askModels, Offline, Problem, type Asked, type Model, type Models } from "./api";
import { Bring } from "./bring";
import { ColourPanel } from "./colours";
import { blobOf, h } from "./dom";
import { icon, type Icon } from "./icons";
import { help, listen } from "./keys";
import { Live, type Status } from "./live";
import { lastingNote, note, notesArea } from "./notes";
import { Paper } from "./paper";
import { Photo } from "./photo";
import { Save } from "./save";
import { SettingsPanel } from "./settings";
import { Store } from "./store";
import { language, LANGUAGES, setLanguage, t, type Language } from "./strings";
import { Studio } from "./studio";
import { nextTheme, startTheme } from "./theme";
import { tool, Tools } from "./tools";
import { fromFile, newWork } from "./work";

/** Px of drawings that are sent: twice the model's, for it to shrink as it shrinks files. */
const OVERSAMPLED = 2;

startTheme();
document.documentElement.lang = language;
document.title = t("title");
document.body.append(notesArea());
void start();

/** Waits for the server, which may still be loading its model. */
async function reach(): Promise<Models> {
  for (;;) {
    try {
      const found = await askModels();
      lastingNote("server", null);
      return found;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        lastingNote("server", t("noToken"));
        throw error;
      }
      lastingNote("server", error instanceof Offline ? t("offline") : t("busy"));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function start(): Promise<void> {
  const studio = new Studio();
  const photo = new Photo(studio);
  const tools = new Tools(studio);
  const live = new Live(
    () => asked(model),
    () => asked(better),
    (made, ms, name) => photo.show(made, ms, name),
    status,
  );
  const fit = tool("fit", t("fit"), "0", () => paper.view.fit());
  const changed = (): void => live.changed();
  const paper: Paper = new Paper(studio, tools, changed, () => (fit.disabled = paper.view.isFitted));
  const store = new Store(studio);
  let server: Models | null = null;
  let lost = false;

  fit.disabled = true;
  paper.guided = localStorage.getItem("guide") !== "off";
  tools.resized = () => paper.resizeCursor();
  tools.resized();
  studio.on("drawing", changed);
  studio.on("settings", changed);

  const model = (): Model => {
    const all = server?.models.filter((one) => one.direction === "sketch-to-photo") ?? [];
    const wanted = studio.work.settings.model || server?.default;
    const found = all.find((one) => one.name === wanted) ?? all[0];
    if (!found) throw new Offline();
    return found;
  };

  /** The model for a drawing that rests; null where another model was chosen than the server's. */
  const better = (): Model | null =>
    (model().name === server?.default && server.models.find((one) => one.name === server?.better)) ||
    null;

  async function asked(which: () => Model | null): Promise<Asked | null> {
    const chosen = studio.isBlank ? null : which();
    if (!chosen) return null;
    const side = OVERSAMPLED * chosen.size;
    const { sheet } = studio;
    return {
      drawing: await blobOf(sheet.drawing(side)),
      dabs: chosen.hints && studio.hasDabs ? await blobOf(sheet.hints(side)) : null,
      settings: studio.work.settings,
      model: chosen,
      format: "jpeg",
    };
  }

  function status(now: Status, detail?: string): void {
    document.body.dataset["status"] = now;
    if (now === "working") return; // an attempt: what was wrong may still be
    photo.stale = now === "offline" || now === "busy";
    lastingNote("server", now === "offline" ? t("offline") : now === "busy" ? t("busy") : null);
    if (lost && now === "idle") note(t("online"));
    lost = now === "offline";
    if (now === "idle" && detail) note(detail);
  }

  const bring = new Bring(studio, model, () => setGuide(false));
  const take = async (file: Blob & { name?: string }): Promise<void> => {
    if (file.name?.endsWith(".limner") || file.type === "application/json") {
      try {
        await studio.open(fromFile(await file.text()));
      } catch (error) {
        const key = error instanceof Error && error.message === "newerWork" ? "newerWork" : "badWork";
        note(t(key));
      }
    } else {
      await bring.drawing(file);
    }
  };
  const opener = picker("image/*,.heic,.heif,.limner", (file) => void take(file));
  const camera = picker("image/*", (file) => void take(file));
  camera.setAttribute("capture", "environment");
  const tracer = picker("image/*", (file) => paper.underlay.show(file));
  const openTrace = (): void => tracer.click();
  listenForFiles(take);

  const guide = tool("guide", t("guide"), "G", () => setGuide(!paper.guided));
  const setGuide = (on: boolean): void => {
    paper.guided = on;
    guide.setAttribute("aria-pressed", String(on));
  };
  setGuide(paper.guided);
  const trace = tool("trace", t("trace"), "", openTrace);

  const left = h(
    "section",
    { class: "pane", "aria-label": t("paper") },
    paper.frame,
    h("div", { class: "under" }, tools.options, h("div", { class: "row" }, guide, trace, fit)),
    paper.underlay.options,
  );
  const right = h("section", { class: "pane result", "aria-label": t("photo") }, photo.frame);
  const side = h("div", { class: "side" });
  const head = h("header", {}, h("h1", {}, "limner"));
  const foot = h(
    "footer",
    {},
    h("p", { class: "honest" }, t("honest")),
    h("p", {}, t("private"), " ", forgetButton(studio, store), languages()),
  );
  document.body.prepend(head, h("main", {}, tools.bar, left, right, side), foot);
  document.body.append(opener, camera, tracer);

  const kept = await store.last();
  if (kept && kept.operations.length) {
    await studio.open(kept);
    note(t("restored"));
  }
  server = await reach();
  paper.fitGuide(server.eyes);

  const save = new Save(studio, server, () => asked(() => better() ?? model()));
  const roll = (): Promise<Asked | null> => asked(model);
  const colours = new ColourPanel(studio, server, roll, (colour) => tools.pick(colour));
  const settings = new SettingsPanel(studio, server, model, (chosen) => (colours.model = chosen));
  const copy = tool("copy", t("copy"), "", () => void save.copy());
  const copying = (): void => void (copy.disabled = studio.isBlank);
  studio.on("drawing", copying);
  copying();
  right.append(h("div", { class: "row" }, photo.compare, copy));
  side.append(settings.element, colours.element);
  head.append(
    action("open", t("open"), t("openHelp"), () => opener.click()),
    action("camera", t("camera"), t("camera"), () => camera.click(), "phone"),
    menu("save", t("save"), save.menu),
    h("span", { class: "gap" }),
    tool("theme", t("theme"), "", nextTheme),
    tool("help", t("help"), "?", help),
  );
  listen({
    tool: (name) => tools.choose(name),
    undo: () => void studio.undo(),
    redo: () => void studio.redo(),
    open: () => opener.click(),
    save: () => void save.work(),
    widen: (factor) => tools.widen(factor),
    zoom: (factor, turn) => paper.view.zoom(factor, undefined, undefined, turn),
    fit: () => paper.view.fit(),
    mirror: () => tools.flip(),
    guide: () => setGuide(!paper.guided),
    compare: () => photo.toggle(),
    roll: () => void colours.roll(),
    moving: (on) => (paper.pointers.moving = on),
  });
  document.body.dataset["ready"] = "";
  live.changed();
}

function picker(accept: string, take: (file: File) => void): HTMLInputElement {
  const input = h("input", { type: "file", accept, hidden: true, tabindex: -1 });
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = "";
    if (file) take(file);
  });
  return input;
}

function action(
  look: Icon,
  text: string,
  title: string,
  press: () => void,
  extra = "",
): HTMLButtonElement {
  return h("button", { type: "button", class: `action ${extra}`, title, onclick: press }, icon(look), text);
}

/** A button that opens a menu below it; Escape and any choice close it. */
function menu(look: Icon, text: string, items: HTMLElement): HTMLElement {
  const button = h("button", { type: "button", class: "action", "aria-expanded": "false", "aria-haspopup": "menu" }, icon(look), text);
  const open = (on: boolean): void => {
    items.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    if (on) items.querySelector<HTMLElement>("button:not([hidden], :disabled)")?.focus();
  };
  const whole = h("div", { class: "drop" }, button, items);
  button.addEventListener("click", () => open(items.hasAttribute("hidden")));
  items.addEventListener("click", (event) => {
    if (event.target instanceof HTMLElement && event.target.closest("button")) open(false);
  });
  whole.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !items.hidden) {
      open(false);
      button.focus();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const all = [...items.querySelectorAll<HTMLElement>("button:not([hidden], :disabled)")];
      const at = all.indexOf(document.activeElement as HTMLElement);
      if (at < 0) return;
      all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]?.focus();
      event.preventDefault();
    }
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Node && !whole.contains(event.target)) open(false);
  });
  items.hidden = true;
  return whole;
}

function languages(): HTMLSelectElement {
  const select = h(
    "select",
    { "aria-label": t("language") },
    ...Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code, lang: code }, name)),
  );
  select.value = language;
  select.addEventListener("change", () => setLanguage(select.value as Language));
  return select;
}

function forgetButton(studio: Studio, store: Store): HTMLButtonElement {
  const forget = async (): Promise<void> => {
    if (!confirm(t("forgetAsk"))) return;
    await studio.open(newWork());
    await store.forget();
    note(t("forgotten"));
  };
  return h("button", { type: "button", class: "plain", onclick: () => void forget() }, t("forget"));
}

/** Files that are dropped on the page or pasted into it. */
function listenForFiles(take: (file: File) => Promise<void>): void {
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const [file] = event.dataTransfer?.files ?? [];
    if (file) void take(file);
  });
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) void take(file);
  });
}
