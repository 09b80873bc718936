// The shown branch of a conversation.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { t } from "../i18n.js";
import { Icon, Mark } from "./icons.js";
import { Answer } from "./answer.js";
import { Question } from "./question.js";

const NEAR = 80;

export function Messages({ chat }) {
    const { state, path } = chat, place = useRef(null), follows = useRef(true);
    const [isAway, setAway] = useState(false);
    const toEnd = () => {
        follows.current = true;
        place.current.scrollTop = place.current.scrollHeight;
    };

    // The page follows a growing answer until the reader scrolls up.
    const scrolled = () => {
        const { scrollTop, scrollHeight, clientHeight } = place.current;
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR;
        setAway(!follows.current);
    };
    useLayoutEffect(() => { if (follows.current && path.length > 0) toEnd(); });
    useEffect(() => toEnd(), [state.chat?.id]);
    const isWaiting = path.at(-1)?.id === "waiting";
    return html`
        <div class="messages" ref=${place} onScroll=${scrolled} tabindex="0" role="log" aria-live="off" aria-label=${t("messages")}>
            ${path.length === 0 && html`<${Welcome} chat=${chat} />`}
            <div class="column">
                ${path.map(message => message.role === "user"
                    ? html`<${Question} chat=${chat} message=${message} key=${message.id} />`
                    : html`<${Answer} chat=${chat} message=${message} key=${message.id} />`)}
                ${isWaiting && html`<p class="waiting" role="status"><span class="dots" aria-hidden="true"></span>${t("waiting")}</p>`}
            </div>
        </div>
        <div class="said" aria-live="polite">${announcement(path.at(-1))}</div>
        ${isAway && path.length > 0 && html`<button type="button" class="to-end" aria-label=${t("toEnd")} onClick=${() => { toEnd(); setAway(false); }}><${Icon} name="down" /></button>`}`;
}

// A screen reader hears an answer once, when it is whole, and not at every token.
const announcement = last => last?.role !== "assistant" ? "" : last.state === "writing" ? t("writing") : last.content;

function Welcome({ chat }) {
    const examples = [t("example1"), t("example2"), t("example3")];
    return html`
        <div class="welcome">
            <${Mark} />
            <h2>${t("welcome")}</h2>
            <p>${t("welcomeMore", { model: chat.state.status?.model ?? "" })}</p>
            <ul>${examples.map(text => html`<li><button type="button" onClick=${() => chat.ask(text)}>${text}</button></li>`)}</ul>
        </div>`;
}
