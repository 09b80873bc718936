// A dialog of the page. The browser keeps the focus inside and brings it back.
import { html, useLayoutEffect, useRef } from "../html.js";
import { t } from "../i18n.js";
import { IconButton } from "./icons.js";

export function Dialog({ title, onClose, wide, children }) {
    const place = useRef(null);
    useLayoutEffect(() => {
        const before = document.activeElement, dialog = place.current;
        dialog.showModal();

        // However it was closed, by Escape or a phone's gesture, the page must know; but a dialog that goes because another comes says nothing.
        const closed = () => onClose();
        dialog.addEventListener("close", closed);
        return () => {
            dialog.removeEventListener("close", closed);
            dialog.close();
            if (before?.isConnected) before.focus();
        };
    }, []);
    const outside = event => { if (event.target === place.current) onClose(); };
    return html`
        <dialog ref=${place} class=${wide ? "wide" : ""} aria-labelledby="dialog-title" onMouseDown=${outside}>
            <div class="dialog-head"><h2 id="dialog-title">${title}</h2><${IconButton} icon="close" label=${t("close")} onClick=${onClose} /></div>
            <div class="dialog-body">${children}</div>
        </dialog>`;
}
