// The words of the page, in the language of the reader.

import all from "./strings.json";

export type Key = keyof typeof all;
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const known = (tag: string | null | undefined): tag is Language => !!tag && tag in LANGUAGES;

function chosen(): Language {
  const kept = localStorage.getItem("language");
  if (known(kept)) return kept;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(known) ?? "en";
}

export const language: Language = chosen();

/** Keeps the language and loads the page in it; the work is restored as after any reload. */
export function setLanguage(to: Language): void {
  localStorage.setItem("language", to);
  location.reload();
}

/** A text, with `{name}` replaced by values. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return all[key][language].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
