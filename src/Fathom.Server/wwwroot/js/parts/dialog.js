// A dialog of the page. The browser keeps the focus inside and brings it back.
import { html, useEffect, useRef } from "../html.js";
import { t } from "../i18n.js";
import { IconButton } from "./icons.js";

export function Dialog({ title, onClose, wide, children }) {
    const place = useRef(null);
    useEffect(() => {
        const before = document.activeElement, dialog = place.current;
        dialog.showModal();
        return () => {
            dialog.close();
            if (before?.isConnected) before.focus();
        };
    }, []);
    const outside = event => { if (event.target === place.current) onClose(); };
    return html`
        <dialog ref=${place} class=${wide ? "wide" : ""} aria-labelledby="dialog-title" onCancel=${event => { event.preventDefault(); onClose(); }} onMouseDown=${outside}>
            <div class="dialog-head"><h2 id="dialog-title">${title}</h2><${IconButton} icon="close" label=${t("close")} onClick=${onClose} /></div>
            <div class="dialog-body">${children}</div>
        </dialog>`;
}
