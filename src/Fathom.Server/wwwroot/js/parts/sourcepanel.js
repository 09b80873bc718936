// A document beside the answer, open at the place that was cited; on phones a sheet over the page.
import { html, useEffect, useLayoutEffect, useRef } from "../html.js";
import { number, t } from "../i18n.js";
import { safeName, whereOf } from "../places.js";
import { Icon, IconButton } from "./icons.js";

export function SourcePanel({ chat }) {
    const { source } = chat.state, head = useRef(null), body = useRef(null);
    const place = source?.places[source.index], document = source?.document;
    useEffect(() => { if (source) head.current?.focus(); }, [Boolean(source)]);

    // The passage stands in the upper third; more text above must not move what is read.
    useLayoutEffect(() => {
        const mark = body.current?.querySelector(".is-cited");
        if (mark) body.current.scrollTop = mark.offsetTop - body.current.clientHeight / 4;
    }, [place, document?.id, source?.isLoading]);
    if (!source) return null;
    const many = source.places.length > 1;
    return html`
        <div class="source-curtain" onClick=${() => chat.closeSource()}></div>
        <aside class="source" id="source" aria-label=${t("source")}>
            <header class="source-head">
                <div class="source-title"><h2 ref=${head} tabindex="-1" title=${safeName(place.path)}>${safeName(place.path)}</h2><p>${place.line ? whereOf(place) : ""}</p></div>
                ${many && html`<span class="source-steps" role="group" aria-label=${t("citations")}>
                    <${IconButton} icon="left" label=${t("previousCitation")} disabled=${source.index === 0} onClick=${() => chat.moveSource(-1)} />
                    <span role="status" aria-label=${t("citationOf", { n: source.index + 1, all: source.places.length })}>${source.index + 1} / ${source.places.length}</span>
                    <${IconButton} icon="right" label=${t("nextCitation")} disabled=${source.index === source.places.length - 1} onClick=${() => chat.moveSource(1)} />
                </span>`}
                <${IconButton} icon="close" label=${t("close")} onClick=${() => chat.closeSource()} />
            </header>
            <div class="source-body" ref=${body} tabindex="0" role="region" aria-label=${t("documentText")}>
                ${source.error && html`<p class="failed" role="alert">${source.error}</p>`}
                ${!document && !source.error && html`<p role="status">${t("loading")}</p>`}
                ${document && html`
                    ${document.from > 0 && html`<button type="button" class="source-more" onClick=${() => chat.moreSource(-1)}>${t("showEarlier")}</button>`}
                    <${Pieces} document=${document} place=${place} />
                    ${document.from + document.pieces.length < document.total && html`<button type="button" class="source-more" onClick=${() => chat.moreSource(1)}>${t("showLater")}</button>`}`}
            </div>
        </aside>`;
}

function Pieces({ document, place }) {
    const rows = [];
    let before = null;
    document.pieces.forEach((piece, index) => {
        const at = document.from + index, isCited = place.line && at >= place.from && at <= place.to;
        const isNew = !before || before.page !== piece.page || before.part !== piece.part;
        if (isNew && (piece.page || piece.part)) rows.push(html`<h3 key=${`h${at}`}>${[piece.page && t(`at_${document.kind === "spreadsheet" ? "sheet" : document.kind === "presentation" ? "slide" : "page"}`, { n: number(piece.page) }), piece.part && safeName(piece.part)].filter(Boolean).join(", ")}</h3>`);
        rows.push(html`<p key=${at} class=${`piece ${isCited ? "is-cited" : ""}`}><span class="piece-line" aria-hidden="true">${piece.goes_on ? "" : piece.line}</span>${isCited ? html`<mark>${piece.text}</mark>` : html`<span>${piece.text}</span>`}</p>`);
        before = piece;
    });
    return rows;
}
