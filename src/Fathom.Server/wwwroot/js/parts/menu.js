// A button that opens a short list of actions; arrow keys move, Escape closes.
import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../i18n.js";
import { IconButton } from "./icons.js";

export function Menu({ label, items }) {
    const [isOpen, setOpen] = useState(false), place = useRef(null), list = useRef(null);
    const close = (backToButton = true) => {
        setOpen(false);
        if (backToButton) place.current?.querySelector("button").focus();
    };
    useEffect(() => {
        if (!isOpen) return undefined;
        list.current.querySelector("button").focus();

        // Near the lower edge it opens upward; lists that scroll would cut it otherwise.
        const box = place.current.getBoundingClientRect();
        list.current.classList.toggle("upward", box.bottom + list.current.offsetHeight > innerHeight - 8);
        const outside = event => { if (!place.current?.contains(event.target)) close(false); };
        addEventListener("pointerdown", outside);
        return () => removeEventListener("pointerdown", outside);
    }, [isOpen]);
    const keys = event => {
        const buttons = [...list.current.querySelectorAll("button")], at = buttons.indexOf(document.activeElement);
        const next = { ArrowDown: at + 1, ArrowUp: at - 1 + buttons.length, Home: 0, End: buttons.length - 1 }[event.key];
        if (next !== undefined) buttons[next % buttons.length].focus();
        else if (event.key === "Escape") close();
        else if (event.key === "Tab") { close(false); return; }
        else return;
        event.preventDefault();
        event.stopPropagation();
    };
    return html`
        <div class="menu ${isOpen ? "open" : ""}" ref=${place}>
            <${IconButton} icon="more" label=${label} aria-haspopup="menu" aria-expanded=${String(isOpen)} onClick=${() => setOpen(!isOpen)} />
            ${isOpen && html`<div class="menu-list" role="menu" aria-label=${label} ref=${list} onKeyDown=${keys}>
                ${items.map(item => html`<button type="button" role="menuitem" tabindex="-1" class=${item.isDangerous ? "dangerous" : ""} onClick=${() => { close(); item.action(); }}>${item.label}</button>`)}
            </div>`}
        </div>`;
}

/** The actions of a conversation. */
export const ChatMenu = ({ chat, head }) => html`<${Menu} label=${t("actionsFor", { title: head.title || t("untitled") })} items=${[
    { label: t("rename"), action: () => chat.show({ name: "rename", head }) },
    { label: t("exportMarkdown"), action: () => chat.exportChat(head.id, head.title, "markdown") },
    { label: t("exportJson"), action: () => chat.exportChat(head.id, head.title, "json") },
    { label: t("delete"), action: () => chat.show({ name: "delete", head }), isDangerous: true },
]} />`;
