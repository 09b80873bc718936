// What stands under an answer from documents: whether its quotations are what the documents say, and where they stand.
import { html } from "../html.js";
import { number, t } from "../i18n.js";
import { allPlaces, isSame, placeOf, tally } from "../places.js";
import { Icon } from "./icons.js";

const ICONS = { verified: "check", elsewhere: "warning", not_found: "cross" };

export function Sources({ chat, message }) {
    const { sources } = message;
    if (!sources) return null;
    if (sources.error) return html`<p class="state failed">${sources.error}</p>`;
    const figures = tally(sources), isClean = figures.elsewhere + figures.notFound + figures.unknown === 0;
    const isEmpty = figures.quotations + figures.citations === 0, found = sources.found ?? [];
    return html`
        <section class="sources" aria-label=${t("sources")}>
            ${isEmpty
                ? html`<p class="sources-none">${t(found.length > 0 ? "citesNothingButFound" : "citesNothing")}</p>`
                : html`<details open=${!isClean}>
                    <summary><${Icon} name=${isClean ? "check" : "warning"} /><span>${summaryOf(figures)}</span></summary>
                    <ul>
                        ${sources.quotations.map(quotation => html`<${Quotation} chat=${chat} quotation=${quotation} />`)}
                        ${sources.citations.filter(citation => citation.unknown.length > 0).map(citation => html`<li class="is-not_found"><${Icon} name="cross" /><span><strong>${t("status_unknown")}</strong> ${citation.text}: ${t("noSuchPassage")}</span></li>`)}
                        <${Places} chat=${chat} places=${allPlaces({ citations: sources.citations })} label=${t("citedPlaces")} />
                    </ul>
                </details>`}
            ${found.length > 0 && html`<ul class="sources-found"><${Places} chat=${chat} places=${found} label=${t("foundPlaces")} /></ul>`}
        </section>`;
}

const summaryOf = ({ quotations, citations, verified, elsewhere, notFound, unknown }) => [
    quotations > 0 && t("quotationsVerified", { n: number(verified), all: number(quotations) }),
    elsewhere > 0 && t("quotationsElsewhere", { n: number(elsewhere) }),
    notFound > 0 && t("quotationsNotFound", { n: number(notFound) }),
    citations > 0 && (unknown > 0 ? t("citationsUnknown", { n: number(unknown), all: number(citations) }) : t(citations === 1 ? "citationKnown" : "citationsKnown", { n: number(citations) })),
].filter(Boolean).join(" · ");

function Quotation({ chat, quotation }) {
    const { status, places, nearest, text } = quotation, shown = places.length > 0 ? places : nearest ? [nearest] : [];
    return html`
        <li class=${`is-${status}`}>
            <${Icon} name=${ICONS[status]} />
            <span><strong>${t(`status_${status}`)}</strong> <q>${text.length > 200 ? `${text.slice(0, 199)}…` : text}</q>
                ${status === "elsewhere" && html` ${t("notIn", { citation: quotation.citation?.text ?? "" })}`}
                ${status === "not_found" && nearest && html` ${t("nearest")}`}
                ${shown.map((place, index) => html` <button type="button" class="place" onClick=${() => chat.openSource(shown, index)}>${placeOf(place)}</button>`)}</span>
        </li>`;
}

const Places = ({ chat, places, label }) => places.length === 0 ? null : html`
    <li class="places"><span>${label}</span>${places.map(place => html` <button type="button" class="place" onClick=${() => chat.openSource(places, places.findIndex(one => isSame(one, place)))}>${placeOf(place)}</button>`)}</li>`;
