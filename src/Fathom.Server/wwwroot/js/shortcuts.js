// The page's keys, in one table: the dialog that lists them and the listener that obeys them read the same.

export const SHORTCUTS = [
    { name: "newChat", keys: ["Alt", "N"] },
    { name: "focusQuestion", keys: ["Alt", "Q"] },
    { name: "focusSearch", keys: ["Alt", "K"] },
    { name: "toggleSidebar", keys: ["Alt", "B"] },
    { name: "previousChat", keys: ["Alt", "ArrowUp"] },
    { name: "nextChat", keys: ["Alt", "ArrowDown"] },
    { name: "regenerate", keys: ["Alt", "R"] },
    { name: "editLast", keys: ["Alt", "E"] },
    { name: "copyLast", keys: ["Alt", "C"] },
    { name: "toggleThinking", keys: ["Alt", "T"] },
    { name: "openSource", keys: ["Alt", "S"] },
    { name: "openSettings", keys: ["Alt", ","] },
    { name: "openModel", keys: ["Alt", "M"] },
    { name: "showShortcuts", keys: ["Alt", "H"] },
    { name: "stop", keys: ["Escape"] },
];

const LABELS = { ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
export const labelOf = key => LABELS[key] ?? key;

/** The shortcut of a key press; undefined when it has none. */
export function shortcutOf(event) {
    if (event.ctrlKey || event.metaKey) return undefined;
    return SHORTCUTS.find(({ keys }) => {
        const key = keys.at(-1);
        // With Alt some keyboards write other characters, so letters go by their place.
        const isKey = event.key === key || (key.length === 1 && (event.key.toUpperCase() === key || event.code === `Key${key}` || (key === "," && event.code === "Comma")));
        return isKey && event.altKey === keys.includes("Alt") && (key.length > 1 || !event.shiftKey);
    })?.name;
}
