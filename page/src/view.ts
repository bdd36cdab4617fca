// How the paper lies in its frame: moved, turned and enlarged, never changed.

import { clamp } from "./dom";

export class View {
  private scale = 1;
  private angle = 0;
  private x = 0;
  private y = 0;

  constructor(
    private readonly frame: HTMLElement,
    private readonly paper: HTMLElement,
    private readonly changed: () => void,
  ) {}

  get isFitted(): boolean {
    return this.scale === 1 && this.angle === 0 && this.x === 0 && this.y === 0;
  }

  /** A place on the screen as shares of the sheet's side; beyond 0 to 1 outside of it. */
  toSheet(clientX: number, clientY: number): [number, number] {
    const box = this.frame.getBoundingClientRect();
    const side = box.width;
    const dx = clientX - box.left - side / 2 - this.x;
    const dy = clientY - box.top - box.height / 2 - this.y;
    const cos = Math.cos(-this.angle);
    const sin = Math.sin(-this.angle);
    return [
      (dx * cos - dy * sin) / (side * this.scale) + 0.5,
      (dx * sin + dy * cos) / (side * this.scale) + 0.5,
    ];
  }

  move(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
    this.apply();
  }

  /** Enlarges and turns around a place on the screen, which stays where it is. */
  zoom(factor: number, clientX?: number, clientY?: number, turn = 0): void {
    const box = this.frame.getBoundingClientRect();
    const centreX = (clientX ?? box.left + box.width / 2) - box.left - box.width / 2;
    const centreY = (clientY ?? box.top + box.height / 2) - box.top - box.height / 2;
    const scale = clamp(this.scale * factor, 0.5, 16);
    const grown = scale / this.scale;
    const cos = Math.cos(turn) * grown;
    const sin = Math.sin(turn) * grown;
    const dx = this.x - centreX;
    const dy = this.y - centreY;
    this.x = centreX + dx * cos - dy * sin;
    this.y = centreY + dx * sin + dy * cos;
    this.scale = scale;
    this.angle += turn;
    this.apply();
  }

  fit(): void {
    this.scale = 1;
    this.angle = this.x = this.y = 0;
    this.apply();
  }

  private apply(): void {
    this.paper.style.transform =
      `translate(${this.x}px, ${this.y}px) rotate(${this.angle}rad) scale(${this.scale})`;
    this.changed();
  }
}
