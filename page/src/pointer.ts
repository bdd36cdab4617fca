// Pens, fingers and mice: strokes on the sheet, and gestures that move the paper.

import { clamp } from "./dom";
import type { Studio } from "./studio";
import type { View } from "./view";
import type { Stroke } from "./work";

export type Shape = Omit<Stroke, "points" | "kind">;

/** Milliseconds in which a second finger makes a gesture out of what began as a stroke. */
const SECOND_FINGER = 250;

export class Pointers {
  private stroke: { id: number; shape: Shape; points: number[]; began: number } | null = null;
  private readonly touches = new Map<number, { x: number; y: number }>();
  private dragged: number | null = null;
  private penSeen = false;
  private frame = 0;
  /** Set while the space bar is held: dragging moves the paper. */
  moving = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly view: View,
    private readonly studio: Studio,
    private readonly shape: () => Shape,
    private readonly progress: () => void,
  ) {
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.up(event));
    element.addEventListener("pointercancel", (event) => this.up(event));
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    // Safari scrolls for touches that only pointer events cancel.
    element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  }

  private down(event: PointerEvent): void {
    this.element.setPointerCapture(event.pointerId);
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    if (event.pointerType === "pen") this.penSeen = true;
    if (event.pointerType === "touch") {
      this.touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (this.touches.size === 2) this.becomeGesture();
      // A hand that rests while the pen draws must not leave marks.
      if (this.touches.size > 1 || this.penSeen) return;
    }
    if (event.button === 1 || (event.button === 0 && this.moving)) {
      this.dragged = event.pointerId;
      return;
    }
    if (event.button !== 0 && event.button !== 5) return;
    if (this.stroke) return;
    const shape = this.shape();
    // The other end of a pen erases.
    if (event.button === 5) shape.tool = "eraser";
    this.stroke = { id: event.pointerId, shape, points: [], began: event.timeStamp };
    this.studio.sheet.begin(shape);
    this.point(event);
    this.refresh();
  }

  private move(event: PointerEvent): void {
    if (this.dragged === event.pointerId) {
      this.view.move(event.movementX, event.movementY);
    } else if (this.stroke?.id === event.pointerId) {
      // All places since the last frame: a pen reports more of them than the screen has frames.
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length ? all : [event]) this.point(one);
      this.refresh();
    } else if (this.touches.has(event.pointerId)) {
      this.gesture(event);
    }
  }

  private up(event: PointerEvent): void {
    this.touches.delete(event.pointerId);
    if (this.dragged === event.pointerId) this.dragged = null;
    if (this.stroke?.id !== event.pointerId) return;
    const { shape, points } = this.stroke;
    this.stroke = null;
    this.studio.drawn({ kind: "stroke", ...shape, points });
  }

  private point(event: PointerEvent): void {
    if (!this.stroke) return;
    const [x, y] = this.view.toSheet(event.clientX, event.clientY);
    // A mouse has no pressure and says 0.5; a tilted pencil is wider and paler.
    let pressure = event.pointerType === "mouse" ? 0.5 : event.pressure || 0.5;
    const tilt = Math.hypot(event.tiltX || 0, event.tiltY || 0);
    if (this.stroke.shape.tool === "pencil" && tilt > 40) pressure *= 1 - (tilt - 40) / 100;
    const rounded = [x, y, clamp(pressure, 0, 1)].map((one) => Math.round(one * 1e4) / 1e4);
    const [a = 0, b = 0, c = 0] = rounded;
    this.stroke.points.push(a, b, c);
    this.studio.sheet.to(a, b, c);
  }

  private refresh(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.studio.sheet.refresh();
      if (this.stroke) this.progress();
    });
  }

  private becomeGesture(): void {
    if (!this.stroke) return;
    if (performance.now() - this.stroke.began > SECOND_FINGER && this.stroke.points.length > 30) {
      return;
    }
    this.stroke = null;
    void this.studio.sheet.cancel(this.studio.work);
  }

  private gesture(event: PointerEvent): void {
    const before = this.touches.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    this.touches.set(event.pointerId, now);
    if (this.stroke) return;
    const other = [...this.touches].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) {
      if (this.penSeen) this.view.move(now.x - before.x, now.y - before.y);
      return;
    }
    const apart = Math.hypot(now.x - other.x, now.y - other.y);
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    if (was < 10 || apart < 10) return;
    const turn =
      Math.atan2(now.y - other.y, now.x - other.x) -
      Math.atan2(before.y - other.y, before.x - other.x);
    // Around the other finger, which stays on its place of the paper.
    this.view.zoom(apart / was, other.x, other.y, Math.atan2(Math.sin(turn), Math.cos(turn)));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      this.view.zoom(Math.exp(-event.deltaY / 200), event.clientX, event.clientY);
    } else if (event.altKey) {
      this.view.zoom(1, event.clientX, event.clientY, event.deltaY / 400);
    } else {
      this.view.move(-event.deltaX, -event.deltaY);
    }
  }
}
