// Words of the page in the reader's language. Each language is a JSON file; what one lacks comes from English.

export const LANGUAGES = { en: "English", de: "Deutsch" };
let words = {}, fallback = {}, language = "en";

const load = async name => (await fetch(`/web/files/lang/${name}.json`)).json();

/** Chooses a language: the given one, else the browser's if it is known, else English. */
export async function choose(wanted) {
    const own = (navigator.languages ?? []).map(one => one.slice(0, 2)).find(one => one in LANGUAGES);
    language = wanted in LANGUAGES ? wanted : own ?? "en";
    fallback = await load("en");
    words = language === "en" ? fallback : await load(language);
    document.documentElement.lang = language;
}

export const currentLanguage = () => language;

/** A text, its {places} filled in. */
export function t(key, places = {}) {
    const text = words[key] ?? fallback[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => name in places ? String(places[name]) : whole);
}

/** A number as the language writes it. */
export const percent = share => new Intl.NumberFormat(language, { style: "percent" }).format(share);

export const number = (value, digits = 0) => new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

/** Bytes with a fitting unit. */
export function bytes(value) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
        value /= 1024;
        unit++;
    }
    return `${number(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** A large count in short: 284 B. */
export const count = value => new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 }).format(value);

/** A length of time. */
export const seconds = value => value < 60 ? t("seconds", { n: number(value, value < 10 ? 1 : 0) }) : t("minutes", { m: Math.floor(value / 60), s: Math.round(value % 60) });
