// Strokes as rows of stamps. A stroke is painted point by point while it is drawn, and by the same
// code when the sheet is painted again, so that undo and redo give the same picture.

import { clamp, context, offscreen } from "./dom";
import type { Shape } from "./pointer";

/** Side of the sheet in px. */
export const SIDE = 1024;
const INK = "#161616";
const GRAIN = 256;

type Layer = CanvasRenderingContext2D;

/** Where a pen is: x and y in px, pressure and tilt 0 to 1. */
type Pen = [number, number, number, number];

/** How many times wider a pencil on its side draws, beyond its point; and how much paler, 0 to 1. */
const [SIDEWAYS, PALER] = [5, 0.75];

/** The layers that strokes are painted on, and buffers of the same size. */
export interface Layers {
  ink: Layer;
  dabs: Layer;
  /** The stroke being drawn, before the grain of the paper. */
  buffer: Layer;
}

/** Paints one stroke. Call `to` for every point and `finish` at the end. */
export class Painter {
  private readonly inks: boolean;
  private readonly target: Layer;
  private readonly stamp: HTMLCanvasElement;
  private readonly carried: Layer | null;
  private empty = true;
  private last: Pen | null = null;
  private middle: Pen | null = null;
  private travelled = 0;
  private reach = nothing();
  private fresh = nothing();

  constructor(
    private readonly shape: Shape,
    private readonly layers: Layers,
  ) {
    this.inks = shape.tool === "pencil" || shape.tool === "brush";
    this.target = this.inks ? layers.buffer : shape.tool === "dab" ? layers.dabs : layers.ink;
    this.stamp = stampOf(shape);
    this.carried =
      shape.tool === "smudge"
        ? context(offscreen(this.stamp.width))
        : null;
  }

  /** Goes on to a point; `x` and `y` in shares of the side, pressure and tilt 0 to 1. */
  to(x: number, y: number, pressure: number, tilt = 0): void {
    const next: Pen = [x * SIDE, y * SIDE, pressure, tilt];
    if (!this.last) {
      this.last = this.middle = next;
      this.put(...next);
      return;
    }
    // Through the middles of the segments, with the points as controls: smooth, and never away
    // from the pen by more than half a segment.
    const [lastX, lastY, lastPressure, lastTilt] = this.last;
    const middle: Pen = [
      (lastX + next[0]) / 2,
      (lastY + next[1]) / 2,
      (lastPressure + pressure) / 2,
      (lastTilt + tilt) / 2,
    ];
    this.curve(this.middle ?? this.last, this.last, middle);
    this.middle = middle;
    this.last = next;
  }

  /** The end of the stroke: the rest of the way, and the ink goes onto its layer. */
  finish(): void {
    if (this.middle && this.last) this.curve(this.middle, this.last, this.last);
    if (this.inks) {
      this.lay(this.layers.ink, this.whole);
      this.layers.buffer.clearRect(...this.whole);
    }
  }

  /** Shows what was painted since the last time; only of pencil and brush. */
  show(layer: Layer): void {
    const box = boxOf(this.fresh);
    this.fresh = nothing();
    layer.clearRect(...box);
    this.lay(layer, box);
  }

  /** All that the stroke covers: left, top, width and height in px. */
  get whole(): Box {
    return boxOf(this.reach);
  }

  /** Lays a part of the stroke on a layer, through the grain of the paper. */
  private lay(layer: Layer, box: Box): void {
    const [, , width, height] = box;
    if (width <= 0 || height <= 0) return;
    const { tool, soft } = this.shape;
    let stroke = this.layers.buffer.canvas;
    if (tool === "pencil") {
      const grained = context(scratch());
      grained.clearRect(...box);
      grained.drawImage(stroke, ...box, ...box);
      grained.globalCompositeOperation = "destination-out";
      grained.globalAlpha = 0.25 + 0.55 * soft;
      grained.fillStyle = grainOf(grained);
      grained.fillRect(...box);
      grained.globalAlpha = 1;
      grained.globalCompositeOperation = "source-over";
      stroke = grained.canvas;
    }
    layer.drawImage(stroke, ...box, ...box);
  }

  get isInk(): boolean {
    return this.inks;
  }

  private curve([x0, y0, p0, t0]: Pen, [x1, y1]: Pen, [x2, y2, p2, t2]: Pen): void {
    const length = Math.hypot(x1 - x0, y1 - y0) + Math.hypot(x2 - x1, y2 - y1);
    const steps = Math.max(1, Math.ceil(length));
    const spacing = Math.max(0.7, this.shape.width * SIDE * (this.carried ? 0.08 : 0.1));
    let [x, y] = [x0, y0];
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      const a = (1 - t) ** 2;
      const b = 2 * t * (1 - t);
      const nextX = a * x0 + b * x1 + t * t * x2;
      const nextY = a * y0 + b * y1 + t * t * y2;
      this.travelled += Math.hypot(nextX - x, nextY - y);
      [x, y] = [nextX, nextY];
      const tilt = t0 + (t2 - t0) * t;
      if (this.travelled >= spacing * (1 + SIDEWAYS * tilt)) {
        this.travelled = 0;
        this.put(x, y, p0 + (p2 - p0) * t, tilt);
      }
    }
  }

  private put(x: number, y: number, pressure: number, tilt: number): void {
    this.one(x, y, pressure, tilt);
    // Smudging both sides at once would mix what was carried.
    if (this.shape.mirror && !this.carried) this.one(SIDE - x, y, pressure, tilt);
  }

  private one(x: number, y: number, pressure: number, tilt: number): void {
    const { tool, strength, width } = this.shape;
    if (this.carried) {
      this.smudge(this.carried, x, y, clamp(strength * pressure * 1.5, 0, 0.9));
      return;
    }
    const varies = tool === "brush" ? 0.75 : tool === "pencil" ? 0.35 : 0;
    const wide = width * SIDE * (1 - varies + varies * pressure) * (1 + SIDEWAYS * tilt);
    const side = Math.max(1, wide) * (1 + EDGE);
    if (this.inks) for (const one of [this.reach, this.fresh]) widen(one, x, y, side);
    const layers = tool === "eraser" ? [this.layers.ink, this.layers.dabs] : [this.target];
    for (const layer of layers) {
      layer.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
      layer.globalAlpha = alphaOf(tool, strength, pressure) * (1 - PALER * tilt);
      layer.drawImage(this.stamp, x - side / 2, y - side / 2, side, side);
      layer.globalAlpha = 1;
      layer.globalCompositeOperation = "source-over";
    }
  }

  /** Mixes what was under the last stamp into what is under this one. */
  private smudge(carried: Layer, x: number, y: number, strength: number): void {
    const side = this.stamp.width;
    const left = Math.round(x - side / 2);
    const top = Math.round(y - side / 2);
    const { ink } = this.layers;
    if (!this.empty) {
      ink.globalAlpha = strength;
      ink.globalCompositeOperation = "destination-out";
      ink.drawImage(this.stamp, left, top);
      ink.globalCompositeOperation = "lighter";
      ink.drawImage(carried.canvas, left, top);
      ink.globalAlpha = 1;
      ink.globalCompositeOperation = "source-over";
    }
    carried.globalCompositeOperation = "copy";
    carried.drawImage(ink.canvas, left, top, side, side, 0, 0, side, side);
    carried.globalCompositeOperation = "destination-in";
    carried.drawImage(this.stamp, 0, 0);
    this.empty = false;
  }
}

type Box = [number, number, number, number];

interface Reach {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const nothing = (): Reach => ({ left: SIDE, top: SIDE, right: 0, bottom: 0 });

function widen(reach: Reach, x: number, y: number, side: number): void {
  reach.left = Math.min(reach.left, x - side / 2);
  reach.top = Math.min(reach.top, y - side / 2);
  reach.right = Math.max(reach.right, x + side / 2);
  reach.bottom = Math.max(reach.bottom, y + side / 2);
}

/** Whole px, within the sheet, with one more on each side for smooth edges. */
function boxOf({ left, top, right, bottom }: Reach): Box {
  const x = clamp(Math.floor(left) - 1, 0, SIDE);
  const y = clamp(Math.floor(top) - 1, 0, SIDE);
  const width = clamp(Math.ceil(right) + 1, 0, SIDE) - x;
  const height = clamp(Math.ceil(bottom) + 1, 0, SIDE) - y;
  return [x, y, Math.max(0, width), Math.max(0, height)];
}

/** How much wider a stamp's picture is than the pen, for the fading edge. */
const EDGE = 0.3;

function alphaOf(tool: Shape["tool"], strength: number, pressure: number): number {
  if (tool === "pencil") return clamp(0.04 + 0.5 * strength * pressure, 0, 1);
  if (tool === "brush") return clamp(0.15 + 0.85 * strength, 0, 1);
  if (tool === "eraser") return clamp(0.2 + 0.8 * strength, 0, 1);
  return clamp(0.1 + 0.5 * strength, 0, 1);
}

/** A round spot, opaque in the middle and fading to its edge. */
function stampOf({ tool, width, soft, colour }: Shape): HTMLCanvasElement {
  const side = Math.max(4, Math.ceil(width * SIDE * (1 + EDGE)));
  const layer = context(offscreen(side));
  const fade = layer.createRadialGradient(side / 2, side / 2, 0, side / 2, side / 2, side / 2);
  const solid = (1 - soft) * (1 / (1 + EDGE) - 1 / side);
  const ink = tool === "dab" ? (colour ?? "#808080") : INK;
  fade.addColorStop(0, ink);
  fade.addColorStop(clamp(solid, 0, 0.95), ink);
  fade.addColorStop(clamp(solid + (1 - solid) * 0.5, 0.01, 0.98), `${ink}60`);
  fade.addColorStop(1, `${ink}00`);
  layer.fillStyle = fade;
  layer.fillRect(0, 0, side, side);
  return layer.canvas;
}

let scratchCanvas: HTMLCanvasElement | null = null;
function scratch(): HTMLCanvasElement {
  scratchCanvas ??= offscreen(SIDE);
  return scratchCanvas;
}

let grain: CanvasPattern | null = null;
/** The grain of the paper: the same for every stroke, and every time. */
function grainOf(layer: Layer): CanvasPattern {
  if (grain) return grain;
  const tile = context(offscreen(GRAIN));
  const picture = tile.createImageData(GRAIN, GRAIN);
  let state = 1;
  const random = (): number => {
    // mulberry32: the same grain in every browser.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const noise = Float32Array.from({ length: GRAIN * GRAIN }, random);
  const at = (x: number, y: number): number =>
    noise[((y + GRAIN) % GRAIN) * GRAIN + ((x + GRAIN) % GRAIN)] ?? 0;
  for (let y = 0; y < GRAIN; y++) {
    for (let x = 0; x < GRAIN; x++) {
      const coarse = (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4;
      const value = 0.5 * at(x, y) + 0.5 * clamp((coarse - 0.3) * 2.5, 0, 1);
      picture.data[(y * GRAIN + x) * 4 + 3] = Math.round(255 * value);
    }
  }
  tile.putImageData(picture, 0, 0);
  grain = layer.createPattern(tile.canvas, "repeat");
  if (!grain) throw new Error("this browser cannot draw patterns");
  return grain;
}
