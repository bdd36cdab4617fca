// Icons of 24 px as paths, drawn with a pen of 1.7 px.

const paths = {
  pencil: "M4 20l1-5L16 4l4 4L9 19l-5 1zM14 6l4 4",
  brush: "M20 4c-6 2-10 6-12 10M8 14c-3 0-3 3-5 5 3 1 7 1 7-3a2 2 0 0 0-2-2z",
  eraser: "M9 20h11M5 16l9-9a2 2 0 0 1 3 0l3 3a2 2 0 0 1 0 3l-7 7H9l-4-4z",
  smudge: "M7 13V6a1.5 1.5 0 0 1 3 0v5l7 1.5a2 2 0 0 1 1.5 2L18 20H9l-5-6a1.4 1.4 0 0 1 2-2z",
  dab: "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z",
  undo: "M9 5L4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3",
  redo: "M15 5l5 5-5 5M20 10H10a6 6 0 0 0 0 12h3",
  clear: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  mirror: "M12 3v18M9 7L3 17h6zM15 7l6 10h-6z",
  guide: "M12 3c4 0 6.5 3 6.5 8S16 21 12 21s-6.5-5-6.5-10S8 3 12 3zM8.5 10h2M13.5 10h2M10 16h4",
  trace: "M4 4h11v11H4zM9 9h11v11H9z",
  open: "M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
  camera: "M4 8h4l2-3h4l2 3h4v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  save: "M12 3v12M7 11l5 5 5-5M4 20h16",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  compare: "M12 3v18M4 6h16v12H4z",
  die: "M4 4h16v16H4zM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 17h.01",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M6 6l12 12M18 6L6 18",
} as const;

export type Icon = keyof typeof paths;

export function icon(name: Icon): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}
