// Which of several versions of a message is shown, and the way to the others.
import { html } from "../html.js";
import { t } from "../i18n.js";
import { siblings } from "../tree.js";
import { IconButton } from "./icons.js";

export function Branches({ chat, message }) {
    const { index, all } = siblings(chat.state.chat?.messages ?? [], message);
    if (all.length < 2) return null;
    return html`
        <span class="branches" role="group" aria-label=${t("versions")}>
            <${IconButton} icon="left" label=${t("previousVersion")} disabled=${index === 0 || Boolean(chat.writing)} onClick=${() => chat.switchBranch(message, -1)} />
            <span aria-label=${t("versionOf", { n: index + 1, all: all.length })} role="status">${index + 1} / ${all.length}</span>
            <${IconButton} icon="right" label=${t("nextVersion")} disabled=${index === all.length - 1 || Boolean(chat.writing)} onClick=${() => chat.switchBranch(message, 1)} />
        </span>`;
}
