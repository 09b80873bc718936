// Where questions are written: text, documents, how hard to think, send and stop.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { t } from "../i18n.js";
import { rootsOf } from "../uploads.js";
import { Attachments } from "./attachments.js";
import { Icon, IconButton } from "./icons.js";

export const EFFORTS = ["default", "none", "low", "high", "max"];

export function Composer({ chat }) {
    const [text, setText] = useState(""), [isOver, setOver] = useState(false);
    const area = useRef(null), input = useRef(null), folder = useRef(null);
    const { writing, state } = chat, isBusy = Boolean(writing) || chat.path.at(-1)?.id === "waiting", hasDocuments = state.attached.documents.length > 0;
    // In the same frame as the conversation it belongs to: a later frame would take the focus from what was turned to since.
    useLayoutEffect(() => { if (matchMedia("(hover: hover)").matches) area.current.focus(); }, [state.chat?.id]);
    useLayoutEffect(() => grow(area.current), [text]);
    useEffect(() => { if (state.returned && area.current.value === "") setText(state.returned.text); }, [state.returned]);
    useEffect(() => chat.fitSoon(text), [text, state.chat?.leaf]);

    const send = async event => {
        event?.preventDefault();
        // What stands in the field, which may be newer than what was drawn.
        const said = area.current.value;
        if (isBusy || state.upload || said.trim() === "") return;
        setText("");
        const documents = chat.takeAttached();
        if (!await chat.ask(said, documents)) chat.giveBack(said, documents);
    };
    const keys = event => {
        const wants = event.key === "Enter" && !event.isComposing && (state.settings.sendWithEnter ? !event.shiftKey : event.ctrlKey || event.metaKey);
        if (wants) send(event);
    };
    useEffect(() => listenToDrops(roots => chat.attach(roots), setOver), []);
    const paste = event => {
        const roots = rootsOf(event.clipboardData);
        if (roots.length === 0) return;
        event.preventDefault();
        chat.attach(roots);
    };
    const pick = event => {
        chat.attach([...event.target.files]);
        event.target.value = "";
    };
    return html`
        <form class="composer column ${isOver ? "over" : ""}" onSubmit=${send} aria-label=${t("question")}>
            ${isOver && html`<div class="drop-here" aria-hidden="true">${t("dropHere")}</div>`}
            <${Attachments} chat=${chat} />
            <textarea id="question" ref=${area} rows="1" value=${text} placeholder=${t(hasDocuments ? "askDocuments" : "askAnything")} aria-label=${t("question")} onInput=${event => setText(event.target.value)} onKeyDown=${keys} onPaste=${paste}></textarea>
            <div class="composer-foot">
                <${IconButton} icon="clip" label=${t("attach")} onClick=${() => input.current.click()} />
                <${IconButton} icon="folder" label=${t("attachFolder")} onClick=${() => folder.current.click()} />
                <input ref=${input} type="file" multiple hidden id="attach-file" aria-label=${t("attach")} onChange=${pick} />
                <input ref=${folder} type="file" webkitdirectory hidden id="attach-folder" aria-label=${t("attachFolder")} onChange=${pick} />
                <label class="effort"><${Icon} name="thought" /><span class="effort-label">${t("effort")}</span>
                    <select aria-label=${t("effort")} value=${state.settings.effort} onChange=${event => chat.setSettings({ effort: event.target.value })}>
                        ${EFFORTS.map(effort => html`<option value=${effort} selected=${effort === state.settings.effort}>${t(`effort_${effort}`)}</option>`)}
                    </select></label>
                <span class="push"></span>
                ${isBusy
                    ? html`<button type="button" class="round stop" aria-label=${t("stop")} title=${t("stop")} disabled=${!writing} onClick=${() => chat.stop()}><${Icon} name="stop" /></button>`
                    : html`<button type="submit" class="round" aria-label=${t("send")} title=${t("send")} disabled=${text.trim() === "" || Boolean(state.upload)}><${Icon} name="send" /></button>`}
            </div>
        </form>`;
}

function grow(area) {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, innerHeight * 0.4)}px`;
}

// Files may be dropped anywhere on the page.
function listenToDrops(add, setOver) {
    let depth = 0;
    const hasFiles = event => event.dataTransfer?.types.includes("Files");
    const listeners = {
        dragenter: event => { if (hasFiles(event)) { depth++; setOver(true); } },
        dragleave: event => { if (hasFiles(event) && --depth <= 0) { depth = 0; setOver(false); } },
        dragover: event => { if (hasFiles(event)) event.preventDefault(); },
        drop: event => {
            if (!hasFiles(event)) return;
            event.preventDefault();
            depth = 0;
            setOver(false);
            add(rootsOf(event.dataTransfer));
        },
    };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener);
    return () => { for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener); };
}
