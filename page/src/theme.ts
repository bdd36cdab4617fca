// Light or dark: as the system is, until somebody chooses.

type Theme = "light" | "dark";

const system = (): Theme => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

export function startTheme(): void {
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset["theme"] = kept;
}

export function nextTheme(): void {
  const now = document.documentElement.dataset["theme"] ?? system();
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  localStorage.setItem("theme", next);
}
