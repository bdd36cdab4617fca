// What the page asks of the server. All of it stays on the host that the page came from.

import { PARTS, type Colours, type Part, type Settings } from "./work";

export interface Model {
  name: string;
  direction: string;
  size: number;
  /** Whether it can be told how literally strokes are meant. */
  literal: boolean;
  /** Whether it takes colours. */
  hints: boolean;
}

export interface Models {
  version: string;
  default: string;
  /** The model to ask when the pen rests, if there is one. */
  better: string | null;
  models: Model[];
  parts: Record<Part, { name: string; colour: string }[]>;
  /** Outer eye corners of an aligned face, in shares of its side. */
  eyes: [number, number, number, number];
}

export interface Found {
  eyes: [number, number, number, number];
  notes: string[];
  crop: string;
}

export interface Variant {
  image: Blob;
  colours: Colours;
}

/** An answer that is not what was asked for; `detail` is meant for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    detail: string,
    /** Seconds until it is worth to try again; 0 if that will not help. */
    readonly retryAfter = 0,
  ) {
    super(detail);
  }
}

/** The server cannot be reached. */
export class Offline extends Error {}

/** The token of `#token=...`; kept for this tab, and taken out of the address. */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "";
}

const token = takeToken();

async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Offline();
  }
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { type?: string; detail?: string };
  throw new Problem(
    response.status,
    said.type ?? "about:blank",
    said.detail ?? response.statusText,
    Number(response.headers.get("Retry-After") ?? 0),
  );
}

export async function models(): Promise<Models> {
  return (await (await ask("/v1/models")).json()) as Models;
}

export interface Asked {
  drawing: Blob;
  /** Dabs of colour, if there are any. */
  dabs: Blob | null;
  settings: Settings;
  model: Model;
  format: "png" | "jpeg";
  size?: number;
}

function photoQuery({ settings, model, format, size }: Asked): URLSearchParams {
  const query = new URLSearchParams({ as_is: "true", clean: "off", model: model.name, format });
  if (size) query.set("size", String(size));
  if (model.literal && settings.faithful !== null) {
    query.set("faithful", String(settings.faithful));
  }
  if (model.hints) {
    for (const part of PARTS) {
      const colour = settings.colours[part];
      if (colour) query.set(part === "eyes" ? "eye_colour" : part, colour);
    }
  }
  return query;
}

function bodyOf({ drawing, dabs, model }: Asked): BodyInit {
  if (!dabs || !model.hints) return drawing;
  const form = new FormData();
  form.append("picture", drawing, "drawing.png");
  form.append("hints", dabs, "hints.png");
  return form;
}

/** The photo of an aligned drawing; `signal` gives it up. */
export async function photo(asked: Asked, signal?: AbortSignal): Promise<Blob> {
  const answer = await ask(`/v1/photo?${photoQuery(asked)}`, {
    method: "POST",
    body: bodyOf(asked),
    signal: signal ?? null,
  });
  return answer.blob();
}

/** Several photos in colours that people have. */
export async function variants(asked: Asked, count: number, seed: number): Promise<Variant[]> {
  const query = photoQuery(asked);
  query.set("variants", String(count));
  query.set("seed", String(seed));
  const answer = await ask(`/v1/photo?${query}`, {
    method: "POST",
    body: bodyOf(asked),
    headers: { Accept: "application/x-ndjson" },
  });
  const lines = (await answer.text()).trim().split("\n");
  return lines.map((line) => {
    const { image, type, hints } = JSON.parse(line) as {
      image: string;
      type: string;
      hints: Colours;
    };
    const bytes = Uint8Array.from(atob(image), (one) => one.charCodeAt(0));
    return { image: new Blob([bytes], { type }), colours: hints };
  });
}

/** Finds, cleans and turns the face of a drawing that was brought. */
export async function align(
  picture: Blob,
  model: Model,
  how: { eyes?: number[]; asIs?: boolean; clean?: boolean } = {},
): Promise<Found> {
  const query = new URLSearchParams({ model: model.name, size: "1024" });
  if (how.eyes) query.set("eyes", how.eyes.map((one) => one.toFixed(1)).join(","));
  if (how.asIs) query.set("as_is", "true");
  if (how.clean === false) query.set("clean", "off");
  const answer = await ask(`/v1/align?${query}`, { method: "POST", body: picture });
  const { faces } = (await answer.json()) as { faces: Found[] };
  const [first] = faces;
  if (!first) throw new Problem(422, "no-face", "no face");
  return first;
}
