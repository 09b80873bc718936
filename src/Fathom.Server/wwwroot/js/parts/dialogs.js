// Which dialog is open, and the small ones.
import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { SHORTCUTS, labelOf } from "../shortcuts.js";
import { Dialog } from "./dialog.js";
import { ModelPage } from "./modelpage.js";
import { Settings } from "./settings.js";
import { SystemPrompt } from "./systemprompt.js";

export function Dialogs({ chat }) {
    const { dialog } = chat.state, close = () => chat.show(null);
    switch (dialog?.name) {
        case "settings": return html`<${Settings} chat=${chat} onClose=${close} />`;
        case "model": return html`<${ModelPage} onClose=${close} />`;
        case "system": return html`<${SystemPrompt} chat=${chat} onClose=${close} />`;
        case "shortcuts": return html`<${Shortcuts} onClose=${close} />`;
        case "rename": return html`<${Rename} chat=${chat} head=${dialog.head} onClose=${close} />`;
        case "delete": return html`<${Delete} chat=${chat} head=${dialog.head} onClose=${close} />`;
        default: return null;
    }
}

const Shortcuts = ({ onClose }) => html`
    <${Dialog} title=${t("shortcuts")} onClose=${onClose}>
        <dl class="shortcuts">
            <div><dt><kbd>Enter</kbd></dt><dd>${t("send")}</dd></div>
            <div><dt><kbd>${t("shift")}</kbd> <kbd>Enter</kbd></dt><dd>${t("newLine")}</dd></div>
            ${SHORTCUTS.map(({ name, keys }) => html`<div><dt>${keys.map(key => html`<kbd>${labelOf(key)}</kbd> `)}</dt><dd>${t(`key_${name}`)}</dd></div>`)}
        </dl>
    <//>`;

function Rename({ chat, head, onClose }) {
    const [title, setTitle] = useState(head.title);
    const send = async event => {
        event.preventDefault();
        onClose();
        await chat.rename(head.id, title.trim());
    };
    return html`
        <${Dialog} title=${t("rename")} onClose=${onClose}>
            <form onSubmit=${send}>
                <label>${t("title")}<input value=${title} maxlength="200" onInput=${event => setTitle(event.target.value)} autofocus /></label>
                <div class="dialog-actions"><button type="button" onClick=${onClose}>${t("cancel")}</button><button type="submit" class="primary">${t("save")}</button></div>
            </form>
        <//>`;
}

const Delete = ({ chat, head, onClose }) => html`
    <${Dialog} title=${t("delete")} onClose=${onClose}>
        <p>${t("reallyDelete", { title: head.title || t("untitled") })}</p>
        <div class="dialog-actions"><button type="button" autofocus onClick=${onClose}>${t("cancel")}</button><button type="button" class="dangerous" onClick=${() => { onClose(); chat.remove(head.id); }}>${t("delete")}</button></div>
    <//>`;
