// What is drawn: a list of operations. The first `done` of them are in force; undo and redo move
// that number, so that undo has no end and never changes anything else.

export type InkTool = "pencil" | "brush" | "eraser" | "smudge";
export type Tool = InkTool | "dab";

export interface Stroke {
  kind: "stroke";
  tool: Tool;
  /** Diameter at full pressure, as a share of the sheet's side. */
  width: number;
  /** 0 hard to 1 soft. */
  soft: number;
  /** Darkness, or strength, 0 to 1. */
  strength: number;
  /** Colour of a dab, #rrggbb. */
  colour?: string;
  /** Drawn a second time, mirrored. */
  mirror: boolean;
  /** x, y in shares of the side and pressure 0 to 1, one after the other. */
  points: number[];
  /** How far the pencil leans at each point, 0 to 1 on its side; absent if it never does. */
  tilts?: number[];
}

/** A picture that covers the sheet: a drawing that was brought along. `picture` is its key. */
export interface Placed {
  kind: "placed";
  picture: string;
}

export interface Clear {
  kind: "clear";
}

/** Takes away the dabs of colour. */
export interface ClearDabs {
  kind: "clear-dabs";
}

export type Operation = Stroke | Placed | Clear | ClearDabs;

export const PARTS = ["skin", "hair", "eyes", "lips", "background"] as const;
export type Part = (typeof PARTS)[number];
export type Colours = Partial<Record<Part, string>>;

export interface Settings {
  model: string;
  /** How literally the strokes are meant, 0 to 1; null to leave it to the model. */
  faithful: number | null;
  colours: Colours;
}

/** Where a brought drawing was in its page: outer eye corners in px of the upright picture. */
export interface Origin {
  picture: string;
  eyes: [number, number, number, number];
}

export interface Work {
  operations: Operation[];
  done: number;
  /** Pictures by key, as data URLs. */
  pictures: Record<string, string>;
  origin: Origin | null;
  settings: Settings;
}

export const VERSION = 1;

export function newWork(settings?: Settings): Work {
  return {
    operations: [],
    done: 0,
    pictures: {},
    origin: null,
    settings: settings ?? { model: "", faithful: null, colours: {} },
  };
}

/** Adds an operation; what was undone before is gone. */
export function add(work: Work, operation: Operation): void {
  work.operations.length = work.done;
  work.operations.push(operation);
  work.done += 1;
}

/** The work as a file. */
export function toFile(work: Work): string {
  return JSON.stringify({ limner: VERSION, ...work });
}

/** Reads a file of `toFile`; throws an Error with one of the keys of strings.json. */
export function fromFile(text: string): Work {
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Error("badWork");
  }
  if (typeof found !== "object" || found === null || !("limner" in found)) {
    throw new Error("badWork");
  }
  if (found["limner"] !== VERSION) throw new Error("newerWork");
  const operations = found["operations"];
  const pictures = found["pictures"];
  if (!Array.isArray(operations) || !operations.every(isOperation)) throw new Error("badWork");
  if (!isTexts(pictures)) throw new Error("badWork");
  for (const one of Object.values(pictures)) {
    if (!/^data:image\/(png|jpeg|webp);base64,/.test(one)) throw new Error("badWork");
  }
  for (const one of operations) {
    if (one.kind === "placed" && !(one.picture in pictures)) throw new Error("badWork");
  }
  const done = Number(found["done"]);
  if (!Number.isInteger(done) || done < 0 || done > operations.length) throw new Error("badWork");
  const settings = (found["settings"] ?? {}) as Partial<Settings>;
  const faithful = settings.faithful;
  return {
    operations,
    done,
    pictures,
    origin: isOrigin(found["origin"], pictures) ? found["origin"] : null,
    settings: {
      model: typeof settings.model === "string" ? settings.model : "",
      faithful: isShare(faithful) ? faithful : null,
      colours: coloursOf(settings.colours),
    },
  };
}

const isShare = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= 1;

const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((one) => typeof one === "string");

const isColour = (value: unknown): value is string =>
  typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value);

function coloursOf(value: unknown): Colours {
  const colours: Colours = {};
  if (typeof value !== "object" || value === null) return colours;
  for (const part of PARTS) {
    const colour = (value as Record<string, unknown>)[part];
    if (isColour(colour)) colours[part] = colour;
  }
  return colours;
}

function isOrigin(value: unknown, pictures: Record<string, string>): value is Origin {
  if (typeof value !== "object" || value === null) return false;
  const { picture, eyes } = value as Partial<Origin>;
  return (
    typeof picture === "string" &&
    picture in pictures &&
    Array.isArray(eyes) &&
    eyes.length === 4 &&
    eyes.every(Number.isFinite)
  );
}

function isOperation(value: unknown): value is Operation {
  if (typeof value !== "object" || value === null) return false;
  const one = value as Record<string, unknown>;
  if (one["kind"] === "clear" || one["kind"] === "clear-dabs") return true;
  if (one["kind"] === "placed") return typeof one["picture"] === "string";
  const points = one["points"];
  return (
    one["kind"] === "stroke" &&
    ["pencil", "brush", "eraser", "smudge", "dab"].includes(String(one["tool"])) &&
    isShare(one["width"]) &&
    isShare(one["soft"]) &&
    isShare(one["strength"]) &&
    (one["tool"] !== "dab" || isColour(one["colour"])) &&
    typeof one["mirror"] === "boolean" &&
    Array.isArray(points) &&
    points.length % 3 === 0 &&
    points.every(Number.isFinite) &&
    isTilts(one["tilts"], points.length / 3)
  );
}

const isTilts = (value: unknown, count: number): boolean =>
  value === undefined || (Array.isArray(value) && value.length === count && value.every(isShare));
