// Elements in one expression, and small helpers around them.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, unknown>;

/** An element with attributes (`on...` functions are listeners) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), value as EventListener);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

/** A canvas that is not shown. */
export function offscreen(width: number, height = width): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** The drawing context of a canvas; all of ours are two-dimensional. */
export function context(
  canvas: HTMLCanvasElement,
  options?: CanvasRenderingContext2DSettings,
): CanvasRenderingContext2D {
  const found = canvas.getContext("2d", options);
  if (!found) throw new Error("this browser cannot draw on a canvas");
  return found;
}

/** The bytes of a canvas as a picture file. */
export function blobOf(canvas: HTMLCanvasElement, type = "image/png"): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), type);
  });
}

export const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));
