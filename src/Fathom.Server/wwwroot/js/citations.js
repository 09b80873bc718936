// Turns citations in a finished answer into buttons that open their source. It works on the cleaned page, text by text, and makes elements only, never markup.
import { t } from "./i18n.js";
import { placeOf, statusOf } from "./places.js";

// As the server's check finds them.
const CITATION = /\[\s*\d+(?:\s*[-\u2010-\u2015\u2212]\s*\d+)?(?:\s*[,;]\s*\d+(?:\s*[-\u2010-\u2015\u2212]\s*\d+)?)*\s*\]/g;
const NOT_WITHIN = "code, pre, a, button, .formula";
export const MARKS = { verified: "✓", elsewhere: "⚠\uFE0E", not_found: "✗", unknown: "?" };

/** Links the citations within an element. */
export function linkCitations(element, sources, onOpen) {
    // The n-th time that the same text stands in the answer is the n-th of the report.
    const waiting = new Map();
    for (const citation of sources.citations ?? []) {
        if (!waiting.has(citation.text)) waiting.set(citation.text, []);
        waiting.get(citation.text).push(citation);
    }
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(NOT_WITHIN)) texts.push(walker.currentNode);
    for (const node of texts) {
        const pieces = [];
        let end = 0;
        for (const match of node.data.matchAll(CITATION)) {
            const known = waiting.get(match[0]), citation = known?.length > 1 ? known.shift() : known?.[0];
            if (!citation) continue;
            pieces.push(node.data.slice(end, match.index), buttonOf(citation, sources, onOpen));
            end = match.index + match[0].length;
        }
        if (pieces.length > 0) node.replaceWith(...pieces, node.data.slice(end));
    }
}

function buttonOf(citation, sources, onOpen) {
    const status = statusOf(sources, citation), button = document.createElement("button");
    const where = citation.places.length > 0 ? citation.places.map(placeOf).join("; ") : t("noSuchPassage");
    const label = [`${citation.text} ${where}`, status && t(`status_${status}`)].filter(Boolean).join("; ");
    button.type = "button";
    button.className = `citation ${status ? `is-${status}` : ""}`;
    button.textContent = citation.text;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.disabled = citation.places.length === 0;
    button.addEventListener("click", () => onOpen(citation.places[0]));
    if (status) {
        const mark = document.createElement("span");
        mark.className = "citation-mark";
        mark.setAttribute("aria-hidden", "true");
        mark.textContent = MARKS[status];
        button.append(mark);
    }
    return button;
}
