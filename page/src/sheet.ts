// The sheet: layers of ink and colour, painted from the operations of a work.

import { Painter, SIDE, type Layers } from "./brush";
import { context, offscreen } from "./dom";
import type { Shape } from "./pointer";
import type { Operation, Work } from "./work";

/** A copy of the layers is kept at least every so many operations ... */
const EVERY = 12;
/** ... and no more than so many copies: beyond, every other one is dropped. */
const COPIES = 10;

interface Copy {
  ink: HTMLCanvasElement;
  dabs: HTMLCanvasElement;
}

export class Sheet {
  /** What is shown, from below to above. */
  readonly ink = offscreen(SIDE);
  readonly dabs = offscreen(SIDE);
  readonly live = offscreen(SIDE);
  private readonly layers: Layers;
  private readonly top: CanvasRenderingContext2D;
  private readonly pictures = new Map<string, HTMLImageElement>();
  private copies = new Map<number, Copy>();
  private painted: Operation[] = [];
  private painter: Painter | null = null;

  constructor() {
    this.layers = {
      ink: context(this.ink),
      dabs: context(this.dabs),
      buffer: context(offscreen(SIDE)),
    };
    this.top = context(this.live, { desynchronized: true });
  }

  /** Paints what is missing, or from the nearest copy on, so that `work.done` is in force. */
  async show(work: Work): Promise<void> {
    await this.load(work);
    const wanted = work.operations.slice(0, work.done);
    let same = 0;
    while (same < this.painted.length && this.painted[same] === wanted[same]) same++;
    this.copies = new Map([...this.copies].filter(([count]) => count <= same));
    let from = this.painted.length === same ? same : 0;
    if (from === 0) {
      from = Math.max(0, ...this.copies.keys());
      this.restore(this.copies.get(from));
    }
    for (let at = from; at < wanted.length; at++) {
      const operation = wanted[at];
      if (operation) this.paint(operation);
      if ((at + 1) % EVERY === 0) this.keep(at + 1);
    }
    this.painted = wanted;
  }

  /** Begins a stroke that is drawn point by point. */
  begin(shape: Shape): void {
    this.painter = new Painter(shape, this.layers);
  }

  to(x: number, y: number, pressure: number, tilt = 0): void {
    this.painter?.to(x, y, pressure, tilt);
  }

  /** Shows the stroke so far; once a frame is enough. */
  refresh(): void {
    if (!this.painter?.isInk) return;
    this.painter.show(this.top);
  }

  /** Ends the stroke; `stroke` is the operation that stands for it. */
  end(work: Work): void {
    this.painter?.finish();
    if (this.painter) this.top.clearRect(...this.painter.whole);
    this.painter = null;
    this.painted = work.operations.slice(0, work.done);
    this.copies = new Map([...this.copies].filter(([count]) => count < work.done));
    if (work.done % EVERY === 0) this.keep(work.done);
  }

  /** Drops the stroke that was begun, as when a second finger comes down. */
  async cancel(work: Work): Promise<void> {
    this.painter = null;
    this.layers.buffer.clearRect(0, 0, SIDE, SIDE);
    this.top.clearRect(0, 0, SIDE, SIDE);
    this.painted = []; // eraser and smudge paint on the ink itself
    this.restore(undefined);
    await this.show(work);
  }

  /** The drawing on white, with the stroke in progress, `size` px wide. */
  drawing(size: number): HTMLCanvasElement {
    return this.flat(size, "#fff", [this.ink, this.live]);
  }

  /** The dabs of colour on nothing, `size` px wide. */
  hints(size: number): HTMLCanvasElement {
    return this.flat(size, null, [this.dabs]);
  }

  /** Puts a picture where `placed` operations can find it. */
  async add(key: string, url: string): Promise<void> {
    const image = new Image();
    image.src = url;
    await image.decode();
    this.pictures.set(key, image);
  }

  private flat(
    size: number,
    paper: string | null,
    layers: HTMLCanvasElement[],
  ): HTMLCanvasElement {
    // By halves, since browsers skip pixels when they shrink by more.
    let side = Math.max(size, SIDE / 2);
    let now = offscreen(side);
    let layer = context(now);
    layer.imageSmoothingQuality = "high";
    if (paper) {
      layer.fillStyle = paper;
      layer.fillRect(0, 0, side, side);
    }
    for (const one of layers) layer.drawImage(one, 0, 0, side, side);
    while (side > size) {
      const next = Math.max(size, side / 2);
      const smaller = offscreen(next);
      layer = context(smaller);
      layer.imageSmoothingQuality = "high";
      layer.drawImage(now, 0, 0, next, next);
      [now, side] = [smaller, next];
    }
    return now;
  }

  private async load(work: Work): Promise<void> {
    for (const operation of work.operations) {
      if (operation.kind === "placed" && !this.pictures.has(operation.picture)) {
        const url = work.pictures[operation.picture];
        if (url) await this.add(operation.picture, url);
      }
    }
  }

  private paint(operation: Operation): void {
    const { ink, dabs } = this.layers;
    if (operation.kind === "clear") {
      ink.clearRect(0, 0, SIDE, SIDE);
      dabs.clearRect(0, 0, SIDE, SIDE);
    } else if (operation.kind === "clear-dabs") {
      dabs.clearRect(0, 0, SIDE, SIDE);
    } else if (operation.kind === "placed") {
      const image = this.pictures.get(operation.picture);
      if (image) place(ink, image);
    } else {
      const painter = new Painter(operation, this.layers);
      const { points, tilts } = operation;
      for (let at = 0; at < points.length; at += 3) {
        const [x = 0, y = 0, pressure = 0] = points.slice(at, at + 3);
        painter.to(x, y, pressure, tilts?.[at / 3]);
      }
      painter.finish();
    }
  }

  private keep(count: number): void {
    const copy = { ink: offscreen(SIDE), dabs: offscreen(SIDE) };
    context(copy.ink).drawImage(this.ink, 0, 0);
    context(copy.dabs).drawImage(this.dabs, 0, 0);
    this.copies.set(count, copy);
    if (this.copies.size > COPIES) {
      const counts = [...this.copies.keys()].sort((a, b) => a - b);
      counts.filter((_, at) => at % 2 === 0).forEach((one) => this.copies.delete(one));
    }
  }

  private restore(copy: Copy | undefined): void {
    for (const [layer, kept] of [
      [this.layers.ink, copy?.ink],
      [this.layers.dabs, copy?.dabs],
    ] as const) {
      layer.clearRect(0, 0, SIDE, SIDE);
      if (kept) layer.drawImage(kept, 0, 0);
    }
  }
}

/** A drawing on white becomes ink: as dark as it was, and clear where it was white. */
function place(ink: CanvasRenderingContext2D, image: HTMLImageElement): void {
  const layer = context(offscreen(SIDE), { willReadFrequently: true });
  layer.fillStyle = "#fff";
  layer.fillRect(0, 0, SIDE, SIDE);
  layer.imageSmoothingQuality = "high";
  layer.drawImage(image, 0, 0, SIDE, SIDE);
  const picture = layer.getImageData(0, 0, SIDE, SIDE);
  const { data } = picture;
  for (let at = 0; at < data.length; at += 4) {
    const grey = 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
    data[at] = data[at + 1] = data[at + 2] = 0;
    data[at + 3] = 255 - grey;
  }
  layer.putImageData(picture, 0, 0);
  ink.globalCompositeOperation = "copy";
  ink.drawImage(layer.canvas, 0, 0);
  ink.globalCompositeOperation = "source-over";
}
