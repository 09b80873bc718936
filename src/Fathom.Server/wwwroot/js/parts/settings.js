// Look, language, and how answers are picked.
import { html } from "../html.js";
import { LANGUAGES, currentLanguage, t } from "../i18n.js";
import { DEFAULTS } from "../settings.js";
import { EFFORTS } from "./composer.js";
import { Dialog } from "./dialog.js";

// name, least, most, step, what the server takes when it is empty
const SAMPLING = [
    ["temperature", 0, 2, 0.1, "1"], ["topP", 0.01, 1, 0.01, "1"], ["topK", 0, 1000, 1, "0"], ["minP", 0, 1, 0.01, "0"],
    ["maxTokens", 1, 1_000_000, 1, "∞"], ["reasoningBudget", 0, 1_000_000, 1, "∞"], ["presencePenalty", -2, 2, 0.1, "0"], ["frequencyPenalty", -2, 2, 0.1, "0"],
    ["repetitionPenalty", 0.1, 10, 0.05, "1"], ["seed", 0, 9_007_199_254_740_991, 1, "–"],
];

export function Settings({ chat, onClose }) {
    const { settings } = chat.state, set = changed => chat.setSettings(changed);
    const choices = (name, options) => html`
        <label>${t(name)}<select value=${settings[name]} onChange=${event => set({ [name]: event.target.value })}>
            ${options.map(([value, label]) => html`<option value=${value} selected=${settings[name] === value}>${label}</option>`)}
        </select></label>`;
    return html`
        <${Dialog} title=${t("settings")} onClose=${onClose}>
            <section class="fields">
                ${choices("theme", ["system", "light", "dark"].map(theme => [theme, t(theme)]))}
                <label>${t("language")}<select value=${currentLanguage()} onChange=${event => set({ language: event.target.value })}>
                    ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} lang=${code} selected=${code === currentLanguage()}>${name}</option>`)}
                </select></label>
                ${choices("effort", EFFORTS.map(effort => [effort, t(`effort_${effort}`)]))}
                <label class="check"><input type="checkbox" checked=${settings.sendWithEnter} onChange=${event => set({ sendWithEnter: event.target.checked })} />${t("sendWithEnter")}</label>
            </section>
            <h3>${t("sampling")}</h3>
            <p class="hint">${t("samplingHint")}</p>
            <section class="fields">
                ${SAMPLING.map(([name, least, most, step, standard]) => html`
                    <label>${t(name)}<input type="number" inputmode="decimal" min=${least} max=${most} step=${step} placeholder=${standard} value=${settings[name]} onInput=${event => event.target.validity.valid && set({ [name]: event.target.value })} /></label>`)}
                <label class="whole">${t("stop_texts")}<textarea rows="2" value=${settings.stop} onInput=${event => set({ stop: event.target.value })}></textarea></label>
            </section>
            <div class="dialog-actions">
                <button type="button" onClick=${() => set(Object.fromEntries([...SAMPLING.map(([name]) => name), "stop", "effort"].map(name => [name, DEFAULTS[name]])))}>${t("reset")}</button>
                <button type="button" class="primary" onClick=${onClose}>${t("done")}</button>
            </div>
        <//>`;
}
