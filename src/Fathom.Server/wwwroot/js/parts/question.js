// What the reader said: shown as it was typed, with its files; can be edited, which begins another branch.
import { html, useEffect, useRef, useState } from "../html.js";
import { bytes, number, t } from "../i18n.js";
import { copyText } from "../clipboard.js";
import { groupsOf, safeName } from "../places.js";
import { sizeOf } from "./attachments.js";
import { Branches } from "./branches.js";
import { Icon, IconButton } from "./icons.js";

const MOST_LISTED = 200;

export function Question({ chat, message }) {
    const [isEditing, setEditing] = useState(false);
    if (isEditing) return html`<${Editor} chat=${chat} message=${message} onClose=${() => setEditing(false)} />`;
    return html`
        <article class="message question" aria-label=${t("you")}>
            ${message.files?.length > 0 && html`<ul class="files">${message.files.map(file => html`<li><${File} file=${file} /></li>`)}</ul>`}
            ${message.documents?.length > 0 && html`<ul class="files" aria-label=${t("attached")}>${groupsOf(message.documents).map(group => html`<li><${Documents} chat=${chat} group=${group} /></li>`)}</ul>`}
            ${message.notes && html`<p class="in-parts"><${Icon} name="warning" />${t("wasReadInParts")}</p>`}
            <div class="bubble">${message.content}</div>
            <div class="actions">
                <${Branches} chat=${chat} message=${message} />
                <${IconButton} icon="copy" label=${t("copyQuestion")} onClick=${async () => chat.tell(await copyText(message.content) ? t("copied") : t("copyFailed"))} />
                <${IconButton} icon="edit" label=${t("edit")} id=${`edit-${message.id}`} onClick=${() => setEditing(true)} disabled=${Boolean(chat.writing)} />
            </div>
        </article>`;
}

const File = ({ file }) => html`<details class="file"><summary><${Icon} name="file" /><span class="file-name">${file.name}</span><span class="file-size">${bytes(new Blob([file.text]).size)}</span></summary><pre tabindex="0" role="region" aria-label=${file.name}>${file.text.slice(0, 20_000)}</pre></details>`;

// A document is a button that opens it; a folder or an archive unfolds.
function Documents({ chat, group }) {
    const { documents } = group;
    const open = document => chat.openSource([{ document: document.id, path: document.path, kind: document.kind, from: 0, to: 0 }]);
    if (documents.length === 1) return html`<button type="button" class="file document" onClick=${() => open(documents[0])}><${Icon} name="file" /><span class="file-name">${safeName(documents[0].path)}</span><span class="file-size">${sizeOf(group)}</span></button>`;
    return html`
        <details class="file"><summary><${Icon} name="folder" /><span class="file-name">${safeName(group.name)}</span><span class="file-size">${sizeOf(group)}</span></summary>
            <ul class="folder">${documents.slice(0, MOST_LISTED).map(one => html`<li><button type="button" class="place" onClick=${() => open(one)}>${safeName(one.path)}</button></li>`)}
                ${documents.length > MOST_LISTED && html`<li>${t("andMore", { n: number(documents.length - MOST_LISTED) })}</li>`}</ul></details>`;
}

function Editor({ chat, message, onClose }) {
    const [text, setText] = useState(message.content), area = useRef(null);
    const close = () => {
        onClose();
        requestAnimationFrame(() => document.getElementById(`edit-${message.id}`)?.focus());
    };
    const send = async event => {
        event.preventDefault();
        const said = area.current.value;
        if (said.trim() === "") return;
        onClose();
        await chat.editQuestion(message, said);
        document.getElementById("question")?.focus();
    };
    useEffect(() => {
        area.current.focus();
        area.current.setSelectionRange(text.length, text.length);
    }, []);
    const keys = event => {
        if (event.key === "Escape") { event.preventDefault(); close(); }
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing && (chat.state.settings.sendWithEnter || event.ctrlKey)) send(event);
    };
    return html`
        <form class="message question editor" onSubmit=${send} aria-label=${t("edit")}>
            <textarea ref=${area} class="autosize" rows="2" value=${text} aria-label=${t("question")} onInput=${event => setText(event.target.value)} onKeyDown=${keys}></textarea>
            <div class="editor-actions"><button type="button" onClick=${close}>${t("cancel")}</button><button type="submit" class="primary">${t("send")}</button></div>
        </form>`;
}
