// The system prompt of a conversation, and presets to begin from.
import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { Dialog } from "./dialog.js";

export function SystemPrompt({ chat, onClose }) {
    const { presets } = chat.state;
    const [text, setText] = useState(chat.system), [name, setName] = useState("");
    const chosen = presets.find(preset => preset.text === text);
    const keep = async () => {
        const same = presets.find(preset => preset.name === name.trim());
        await chat.keepPreset({ id: same?.id, name: name.trim(), text });
        setName("");
    };
    const send = async event => {
        event.preventDefault();
        await chat.setSystem(text);
        onClose();
    };
    return html`
        <${Dialog} title=${t("systemPrompt")} onClose=${onClose}>
            <form onSubmit=${send}>
                <div class="preset-row">
                    <label>${t("preset")}<select onChange=${event => { const found = presets.find(preset => preset.id === event.target.value); setText(found?.text ?? ""); }}>
                        <option value="" selected=${!chosen}>${t("noPreset")}</option>
                        ${presets.map(preset => html`<option value=${preset.id} selected=${preset === chosen}>${preset.name}</option>`)}
                    </select></label>
                    <button type="button" class="dangerous" disabled=${!chosen} onClick=${() => chat.removePreset(chosen.id)}>${t("deletePreset")}</button>
                </div>
                <label>${t("systemPrompt")}<textarea rows="8" value=${text} autofocus placeholder=${t("systemPromptHint")} onInput=${event => setText(event.target.value)}></textarea></label>
                <div class="preset-row">
                    <label>${t("presetName")}<input value=${name} maxlength="200" onInput=${event => setName(event.target.value)} /></label>
                    <button type="button" disabled=${name.trim() === "" || text.trim() === ""} onClick=${keep}>${t("keepPreset")}</button>
                </div>
                <div class="dialog-actions"><button type="button" onClick=${onClose}>${t("cancel")}</button><button type="submit" class="primary">${t("use")}</button></div>
            </form>
        <//>`;
}
