// Places in documents: how they are called, and where the citations of an answer lead.
import { number, t } from "./i18n.js";

const PAGES = { spreadsheet: "sheet", presentation: "slide" };
const LINES = { spreadsheet: "row", word: "paragraph" };

/** Marks that turn the direction of writing would make a name look like another; they are shown as what they are. */
export const safeName = name => name.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

/** Page and line of a place in words: "page 3, lines 4–9". */
export function whereOf({ kind, page, last_page: lastPage, line, last_line: lastLine, part }) {
    const pageWord = PAGES[kind] ?? "page", lineWord = LINES[kind] ?? "line";
    const lines = (from, to) => from === to ? t(`at_${lineWord}`, { n: number(from) }) : t(`at_${lineWord}s`, { n: number(from), m: number(to) });
    const at = page ? t(`at_${pageWord}`, { n: number(page) }) : "", special = part && kind === "spreadsheet" ? `${at} “${safeName(part)}”` : part ? [at, safeName(part)].filter(Boolean).join(", ") : at;
    if ((page ?? null) === (lastPage ?? null)) return [special, lines(line, lastLine)].filter(Boolean).join(", ");
    return `${special}, ${lines(line, line)} – ${t(`at_${pageWord}`, { n: number(lastPage) })}, ${lines(lastLine, lastLine)}`;
}

/** A place in words: "lease.pdf, page 3, line 4". */
export const placeOf = place => `${safeName(place.path)}, ${whereOf(place)}`;

export const isSame = (one, other) => one.document === other.document && one.from === other.from && one.to === other.to;

/** The places that an answer cites, each once, in the answer's order; and those that Fathom found by itself. */
export function allPlaces(sources) {
    const all = [];
    for (const place of [...(sources?.citations ?? []).flatMap(citation => citation.places), ...(sources?.quotations ?? []).flatMap(quotation => quotation.places.slice(0, 1)), ...(sources?.found ?? [])]) {
        if (!all.some(other => isSame(place, other))) all.push(place);
    }
    return all;
}

const RANK = ["verified", "elsewhere", "not_found"];

/** What became of the quotations before a citation: the worst of them; null when there are none. */
export function statusOf(sources, citation) {
    const own = (sources.quotations ?? []).filter(({ citation: cited }) => cited && cited.start <= citation.start && citation.start < cited.start + cited.text.length);
    if (citation.unknown.length > 0 && citation.places.length === 0) return "unknown";
    return own.length === 0 ? null : own.map(one => one.status).sort((a, b) => RANK.indexOf(b) - RANK.indexOf(a))[0];
}

/** How many of each kind there are. */
export function tally(sources) {
    const quotations = sources.quotations ?? [], citations = sources.citations ?? [];
    const count = status => quotations.filter(one => one.status === status).length;
    return { quotations: quotations.length, citations: citations.length, verified: count("verified"), elsewhere: count("elsewhere"), notFound: count("not_found"), unknown: citations.filter(one => one.unknown.length > 0).length };
}

/** Documents that came together, for short lists: a file by itself, or a folder or archive with all that is in it. */
export function groupsOf(documents) {
    const groups = new Map();
    for (const document of documents) {
        const name = document.path.split("/")[0];
        if (!groups.has(name)) groups.set(name, { name, documents: [] });
        groups.get(name).documents.push(document);
    }
    return [...groups.values()];
}
