// One line of figures: model, speed, context, cache, memory.
import { html } from "../html.js";
import { bytes, count, number, t } from "../i18n.js";

export function StatusBar({ chat }) {
    const { status, isAway } = chat.state;
    if (isAway) return html`<footer class="statusbar away" role="status">${t("serverAway")}</footer>`;
    if (!status) return html`<footer class="statusbar"></footer>`;
    const last = chat.path.findLast(message => message.numbers)?.numbers;
    const held = last ? last.prompt_tokens + last.answer_tokens : 0;
    const share = Math.min(1, held / status.context_length);
    const rate = status.tokens_per_second || last?.decode_rate || 0;
    const hits = last ? last.cached_tokens / Math.max(1, last.prompt_tokens) : 0;
    const items = [
        ["model", t("model"), status.model],
        ["tokens", t("tokens"), last ? `${count(last.prompt_tokens)} + ${count(last.answer_tokens)}` : "–"],
        ["speed", t("speed"), rate ? t("rate", { n: number(rate, rate < 10 ? 1 : 0) }) : "–"],
        ["cache", t("cache"), last ? `${number(hits * 100)} %` : "–"],
        ["context", t("context"), `${count(held)} / ${count(status.context_length)}`],
        ["memory", t("memory"), bytes(status.memory_bytes)],
    ];
    return html`
        <footer class="statusbar" tabindex="0" role="group" aria-label=${t("status")}>
            <dl>${items.map(([name, label, value]) => html`<div class=${`status-${name}`}><dt>${label}</dt><dd>${value}</dd>${name === "context" && html`<dd class="meter"><meter min="0" max="1" value=${share} aria-label=${t("context")}></meter></dd>`}</div>`)}</dl>
        </footer>`;
}
