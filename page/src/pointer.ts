// Pens, fingers and mice: strokes on the sheet, and gestures that move the paper.

import { clamp } from "./dom";
import type { Studio } from "./studio";
import type { View } from "./view";
import type { Stroke, Tool } from "./work";

export type Shape = Omit<Stroke, "points" | "tilts" | "kind">;

/** Milliseconds in which a second finger makes a gesture out of what began as a stroke. */
const SECOND_FINGER = 250;
/** Milliseconds after which a pen that says nothing is not in use any more. */
const PUT_AWAY = 500;
/** A pen's eraser end: its number in `button`, and its bit in `buttons` (Pointer Events, 4.1.2). */
const ERASER_END = { button: 5, bit: 32 };
/** Degrees from the upright at which a pencil begins to draw with its side, and does so wholly. */
const [LEANS, LIES] = [40, 70];

export class Pointers {
  private stroke: {
    id: number;
    type: string;
    shape: Shape;
    points: number[];
    tilts: number[];
    began: number;
  } | null = null;
  /** The fingers on the paper; hands that rest are left out. */
  private readonly touches = new Map<number, { x: number; y: number }>();
  private dragged: number | null = null;
  private penSeen = false;
  /** When a pen was last on the paper or near it; in ms, as events count. */
  private penAt = -PUT_AWAY;
  private frame = 0;
  /** Set while the space bar is held: dragging moves the paper. */
  moving = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly view: View,
    private readonly studio: Studio,
    private readonly shape: (tool?: Tool) => Shape,
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
    if (event.pointerType === "pen") {
      this.penIsHere(event);
    } else if (event.pointerType === "touch") {
      // A hand that rests while the pen draws must not leave marks, or move the paper.
      if (event.timeStamp - this.penAt < PUT_AWAY) return;
      this.touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (this.touches.size === 2) this.becomeGesture();
      if (this.touches.size > 1 || this.penSeen) return;
    }
    if (event.button === 1 || (event.button === 0 && this.moving)) {
      this.dragged = event.pointerId;
      return;
    }
    const erases = event.button === ERASER_END.button || (event.buttons & ERASER_END.bit) !== 0;
    if (event.button !== 0 && !erases) return;
    if (!this.stroke) {
      this.begin(event, erases);
    } else if (event.pointerType === "pen" && this.stroke.type === "touch") {
      // The hand was there before the pen.
      void this.drop().then(() => this.begin(event, erases));
    }
  }

  private begin(event: PointerEvent, erases: boolean): void {
    const { pointerId: id, pointerType: type, timeStamp: began } = event;
    const shape = erases ? this.shape("eraser") : this.shape();
    this.stroke = { id, type, shape, points: [], tilts: [], began };
    this.studio.sheet.begin(shape);
    this.point(event);
    this.refresh();
  }

  /** Touches that are there beside a pen are a hand that rests. */
  private penIsHere(event: PointerEvent): void {
    this.penSeen = true;
    this.penAt = event.timeStamp;
    this.touches.clear();
  }

  private move(event: PointerEvent): void {
    if (event.pointerType === "pen") this.penIsHere(event);
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
    if (event.pointerType === "pen") this.penIsHere(event);
    if (this.stroke?.id !== event.pointerId) return;
    if (event.type === "pointercancel" && event.pointerType === "touch") {
      void this.drop(); // the system has found that it was a palm, or a gesture
      return;
    }
    const { shape, points, tilts } = this.stroke;
    this.stroke = null;
    const leaning = tilts.some((one) => one > 0) ? { tilts } : {};
    this.studio.drawn({ kind: "stroke", ...shape, points, ...leaning });
  }

  /** The stroke that was begun was not meant. */
  private async drop(): Promise<void> {
    this.stroke = null;
    await this.studio.sheet.cancel(this.studio.work);
    this.progress();
  }

  private point(event: PointerEvent): void {
    if (!this.stroke) return;
    const [x, y] = this.view.toSheet(event.clientX, event.clientY);
    // A mouse has no pressure, and many a finger neither; a pen that presses with 0 hardly touches.
    const felt = event.pointerType === "pen" ? event.pressure : event.pressure || 0.5;
    const pressure = event.pointerType === "mouse" ? 0.5 : felt;
    const tilt = this.stroke.shape.tool === "pencil" ? leanOf(event) : 0;
    const rounded = [x, y, clamp(pressure, 0, 1), tilt].map((one) => Math.round(one * 1e4) / 1e4);
    const [a = 0, b = 0, c = 0, d = 0] = rounded;
    this.stroke.points.push(a, b, c);
    this.stroke.tilts.push(d);
    this.studio.sheet.to(a, b, c, d);
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
    void this.drop();
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

/** How far a pen leans: 0 for one that is held as for writing, 1 for one that lies on its side. */
function leanOf({ tiltX, tiltY }: PointerEvent): number {
  const radians = [tiltX, tiltY].map((one) => ((one || 0) * Math.PI) / 180);
  const degrees = (Math.atan(Math.hypot(...radians.map(Math.tan))) * 180) / Math.PI;
  return clamp((degrees - LEANS) / (LIES - LEANS), 0, 1);
}
