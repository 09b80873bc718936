// What the model said, with what it thought before, folded.
import { html } from "../html.js";
import { count, number, seconds, t } from "../i18n.js";
import { copyText } from "../clipboard.js";
import { allPlaces, isSame } from "../places.js";
import { Branches } from "./branches.js";
import { Icon, IconButton } from "./icons.js";
import { Markdown } from "./markdown.js";
import { Sources } from "./sources.js";

export function Answer({ chat, message }) {
    const isWriting = message.state === "writing", { progress, part } = chat.state;
    const isEmpty = !message.content && !message.reasoning;
    return html`
        <article class="message answer" aria-label=${t("model")} aria-busy=${String(isWriting)}>
            ${message.reasoning && html`<${Thinking} message=${message} />`}
            ${message.content && html`<${Markdown} text=${message.content} isGrowing=${isWriting} sources=${message.sources} onCite=${place => cite(chat, message, place)} />`}
            ${isWriting && isEmpty && html`<p class="waiting" role="status"><span class="dots" aria-hidden="true"></span>${stepOf(part, progress)}</p>`}
            ${message.state === "stopped" && html`<p class="state">${t("stopped")}</p>`}
            ${message.numbers?.finish_reason === "length" && html`<p class="state">${t("cutOff")}</p>`}
            ${message.state === "failed" && html`<p class="state failed" role="alert">${message.error ?? t("failed")}</p>`}
            ${!isWriting && html`<${Sources} chat=${chat} message=${message} />`}
            ${!isWriting && html`
                <div class="actions">
                    <${Branches} chat=${chat} message=${message} />
                    <${IconButton} icon="copy" label=${t("copyAnswer")} onClick=${async () => chat.tell(await copyText(message.content) ? t("copied") : t("copyFailed"))} />
                    <${IconButton} icon="again" label=${t("regenerate")} onClick=${() => chat.regenerate(message)} disabled=${Boolean(chat.writing)} />
                    ${message.numbers && html`<${Numbers} numbers=${message.numbers} />`}
                </div>`}
        </article>`;
}

// Next and previous go through all that the answer cites.
function cite(chat, message, place) {
    const places = allPlaces(message.sources);
    chat.openSource(places, places.findIndex(one => isSame(one, place)));
}

function stepOf(part, progress) {
    const reading = progress && t("reading", { done: number(progress.done), total: number(progress.total) });
    if (!part) return reading ?? t("waiting");
    const step = part.part > part.parts ? t("combining") : t("readingPart", { part: number(part.part), parts: number(part.parts) });
    return reading ? `${step} – ${reading}` : step;
}

function Thinking({ message }) {
    const isThinking = message.state === "writing" && !message.content;
    const time = message.numbers?.thinking_seconds;
    return html`
        <details class="thinking">
            <summary><${Icon} name="thought" />${isThinking ? t("thinking") : time !== undefined ? t("thoughtFor", { time: seconds(time) }) : t("thoughts")}${isThinking && html`<span class="dots" aria-hidden="true"></span>`}</summary>
            <div class="thoughts">${message.reasoning}</div>
        </details>`;
}

const Numbers = ({ numbers }) => html`<span class="numbers">${[
    t("answerTokens", { n: count(numbers.answer_tokens) }),
    numbers.decode_rate > 0 && t("rate", { n: number(numbers.decode_rate, numbers.decode_rate < 10 ? 1 : 0) }),
    numbers.cached_tokens > 0 && t("cachedOf", { cached: count(numbers.cached_tokens), all: count(numbers.prompt_tokens) }),
].filter(Boolean).join(" · ")}</span>`;
