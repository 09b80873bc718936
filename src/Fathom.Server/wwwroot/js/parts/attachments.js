// What goes along with the question: documents, files on their way, what was left out, and how it all fits.
import { html } from "../html.js";
import { bytes, number, t } from "../i18n.js";
import { groupsOf, safeName } from "../places.js";
import { Icon, IconButton } from "./icons.js";

const MOST_LISTED = 200;

export function Attachments({ chat }) {
    const { attached, upload, fit } = chat.state;
    if (attached.documents.length === 0 && attached.skipped.length === 0 && !upload) return null;
    return html`
        <div class="attachments">
            ${attached.documents.length > 0 && html`<ul class="files" aria-label=${t("attached")}>${groupsOf(attached.documents).map(group => html`
                <li class="file attached" key=${group.name}><${Icon} name=${group.documents.length > 1 ? "folder" : "file"} /><span class="file-name" title=${safeName(group.name)}>${safeName(group.name)}</span><span class="file-size">${sizeOf(group)}</span>
                    <${IconButton} icon="close" label=${t("removeFile", { name: safeName(group.name) })} onClick=${() => chat.detach(group.documents)} /></li>`)}</ul>`}
            ${upload && html`<${Progress} chat=${chat} upload=${upload} />`}
            ${attached.skipped.length > 0 && html`<${LeftOut} chat=${chat} attached=${attached} />`}
            ${fit && html`<${Fit} fit=${fit} />`}
        </div>`;
}

/** How large a document or a group of them is, in words. */
export function sizeOf({ documents }) {
    const [only] = documents, page = { spreadsheet: "sheet", presentation: "slide" }[only.kind] ?? "page";
    if (documents.length > 1) return t("nDocuments", { n: number(documents.length) });
    return only.pages > 0 ? t(`count_${page}${only.pages === 1 ? "" : "s"}`, { n: number(only.pages) }) : t("nCharacters", { n: number(only.characters) });
}

function Progress({ chat, upload }) {
    const isSending = upload.phase === "sending", share = isSending ? upload.done / Math.max(1, upload.total) : undefined;
    const text = isSending ? t("sending", { done: bytes(upload.done), total: bytes(upload.total) }) : t("readingFiles", { n: number(upload.documents ?? 0) });
    return html`
        <div class="upload">
            <div class="upload-text"><span role="status">${text}</span><span class="upload-path">${safeName(upload.path ?? "")}</span></div>
            <progress max="1" value=${share} aria-label=${text}></progress>
            <button type="button" onClick=${() => chat.cancelUpload()}>${t("cancel")}</button>
        </div>`;
}

function LeftOut({ chat, attached }) {
    const loud = attached.skipped.filter(one => !one.isQuiet), list = [...loud, ...attached.skipped.filter(one => one.isQuiet)];
    const more = attached.skippedCount - Math.min(list.length, MOST_LISTED);
    return html`
        <details class="left-out" open=${loud.length > 0 && loud.length <= 5}>
            <summary><${Icon} name="warning" /><span role="status">${t(attached.skippedCount === 1 ? "leftOut1" : "leftOut", { n: number(attached.skippedCount) })}</span></summary>
            <ul tabindex="0" aria-label=${t("leftOut", { n: number(attached.skippedCount) })}>${list.slice(0, MOST_LISTED).map(one => html`<${LeftOutFile} one=${one} />`)}
                ${more > 0 && html`<li>${t("andMore", { n: number(more) })}</li>`}</ul>
            <${IconButton} icon="close" label=${t("dismissLeftOut")} onClick=${() => chat.forgetLeftOut()} />
        </details>`;
}

// The server says in a word that is translated, and in an English sentence, what was wrong.
function LeftOutFile({ one }) {
    if (!one.reason) return html`<li><strong>${safeName(one.path)}</strong> ${one.message}</li>`;
    return html`<li><span class="why">${t(`why_${one.reason}`)}</span> <strong>${safeName(one.path)}</strong> <span lang="en">${one.message}</span></li>`;
}

function Fit({ fit }) {
    if (fit.error) return html`<p class="fit failed" role="alert">${fit.error}</p>`;
    const isLong = fit.parts > 1;
    return html`
        <p class="fit ${isLong ? "is-long" : ""}" role="status">
            ${isLong && html`<${Icon} name="warning" />`}
            <span>${t(isLong ? "fitsInParts" : "fits", { documents: number(fit.document_tokens), prompt: number(fit.prompt_tokens), context: number(fit.context_tokens), budget: number(fit.budget_tokens), parts: number(fit.parts) })}</span>
        </p>`;
}
