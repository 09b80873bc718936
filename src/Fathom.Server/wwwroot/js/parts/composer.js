// Where questions are written: text, files, how hard to think, send and stop.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { bytes, t } from "../i18n.js";
import { readFiles } from "../files.js";
import { Icon, IconButton } from "./icons.js";

export const EFFORTS = ["default", "none", "low", "high", "max"];

export function Composer({ chat }) {
    const [text, setText] = useState(""), [files, setFiles] = useState([]), [isOver, setOver] = useState(false);
    const area = useRef(null), input = useRef(null);
    const { writing, state } = chat, isBusy = Boolean(writing) || chat.path.at(-1)?.id === "waiting";
    useEffect(() => { if (matchMedia("(hover: hover)").matches) area.current.focus(); }, [state.chat?.id]);
    useLayoutEffect(() => grow(area.current), [text]);

    const add = async list => {
        const read = await readFiles(list);
        setFiles(old => [...old, ...read.files]);
        if (read.refused.length > 0) chat.tell(read.refused.map(one => t(one.reason, { name: one.name })).join(" "), "error");
    };
    const send = async event => {
        event?.preventDefault();
        // What stands in the field, which may be newer than what was drawn.
        const said = area.current.value, attached = files;
        if (isBusy || (said.trim() === "" && files.length === 0)) return;
        setText("");
        setFiles([]);
        if (!await chat.ask(said, attached)) {
            setText(said);
            setFiles(attached);
        }
    };
    const keys = event => {
        const wants = event.key === "Enter" && !event.isComposing && (state.settings.sendWithEnter ? !event.shiftKey : event.ctrlKey || event.metaKey);
        if (wants) send(event);
    };
    useEffect(() => listenToDrops(add, setOver), []);
    const paste = event => {
        if (event.clipboardData.files.length === 0) return;
        event.preventDefault();
        add(event.clipboardData.files);
    };
    return html`
        <form class="composer column ${isOver ? "over" : ""}" onSubmit=${send} aria-label=${t("question")}>
            ${isOver && html`<div class="drop-here" aria-hidden="true">${t("dropHere")}</div>`}
            ${files.length > 0 && html`<ul class="files" aria-label=${t("attached")}>${files.map((file, index) => html`
                <li class="file attached"><${Icon} name="file" /><span class="file-name">${file.name}</span><span class="file-size">${bytes(new Blob([file.text]).size)}</span>
                    <${IconButton} icon="close" label=${t("removeFile", { name: file.name })} onClick=${() => setFiles(files.filter((_, other) => other !== index))} /></li>`)}</ul>`}
            <textarea id="question" ref=${area} rows="1" value=${text} placeholder=${t("askAnything")} aria-label=${t("question")} onInput=${event => setText(event.target.value)} onKeyDown=${keys} onPaste=${paste}></textarea>
            <div class="composer-foot">
                <${IconButton} icon="clip" label=${t("attach")} onClick=${() => input.current.click()} />
                <input ref=${input} type="file" multiple hidden id="attach-file" aria-label=${t("attach")} onChange=${event => { add([...event.target.files]); event.target.value = ""; }} />
                <label class="effort"><${Icon} name="thought" /><span class="effort-label">${t("effort")}</span>
                    <select aria-label=${t("effort")} value=${state.settings.effort} onChange=${event => chat.setSettings({ effort: event.target.value })}>
                        ${EFFORTS.map(effort => html`<option value=${effort} selected=${effort === state.settings.effort}>${t(`effort_${effort}`)}</option>`)}
                    </select></label>
                <span class="push"></span>
                ${isBusy
                    ? html`<button type="button" class="round stop" aria-label=${t("stop")} title=${t("stop")} disabled=${!writing} onClick=${() => chat.stop()}><${Icon} name="stop" /></button>`
                    : html`<button type="submit" class="round" aria-label=${t("send")} title=${t("send")} disabled=${text.trim() === "" && files.length === 0}><${Icon} name="send" /></button>`}
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
            add([...event.dataTransfer.files]);
        },
    };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener);
    return () => { for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener); };
}
