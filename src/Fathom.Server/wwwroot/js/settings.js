// What a reader has chosen; it stays in this browser.

const KEY = "fathom";

export const DEFAULTS = {
    theme: "system", language: "", effort: "default", sidebar: true, sendWithEnter: true,
    temperature: "", topP: "", topK: "", minP: "", maxTokens: "", reasoningBudget: "", seed: "", presencePenalty: "", frequencyPenalty: "", repetitionPenalty: "", stop: "",
};

export function load() {
    try {
        const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
        return { ...DEFAULTS, ...Object.fromEntries(Object.entries(kept).filter(([name, value]) => name in DEFAULTS && typeof value === typeof DEFAULTS[name])) };
    } catch {
        return { ...DEFAULTS };
    }
}

export function save(settings) {
    try {
        localStorage.setItem(KEY, JSON.stringify(settings));
    } catch { /* a private window may forbid it */ }
}

const NUMBERS = { temperature: "temperature", topP: "top_p", topK: "top_k", minP: "min_p", maxTokens: "max_tokens", reasoningBudget: "reasoning_budget", seed: "seed", presencePenalty: "presence_penalty", frequencyPenalty: "frequency_penalty", repetitionPenalty: "repetition_penalty" };

/** The fields of a request; what is empty is left to the server. */
export function requestFields(settings) {
    const fields = {};
    for (const [name, field] of Object.entries(NUMBERS)) {
        const text = settings[name].trim().replace(",", ".");
        if (text !== "" && Number.isFinite(Number(text))) fields[field] = Number(text);
    }
    const stops = settings.stop.split("\n").filter(line => line !== "");
    if (stops.length > 0) fields.stop = stops;
    if (settings.effort === "none") fields.reasoning_effort = "none";
    else if (settings.effort !== "default") {
        fields.thinking = { type: "enabled" };
        fields.reasoning_effort = settings.effort;
    }
    return fields;
}

/** Light, dark, or as the system has it. */
export function applyTheme(theme) {
    const root = document.documentElement;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    const isDark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.querySelector('meta[name="theme-color"]').content = isDark ? "#14181b" : "#f7f8f9";
}
