// The page's icons, drawn with lines on a grid of 24.
import { html } from "../html.js";

const PATHS = {
    plus: "M12 5v14M5 12h14",
    search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM20 20l-4.800-4.800",
    menu: "M4 7h16M4 12h16M4 17h16",
    panel: "M4 5h16v14H4zM9.500 5v14",
    more: "M6 12h.01M12 12h.01M18 12h.01",
    send: "M12 19V5M6 11l6-6 6 6",
    stop: "M7 7h10v10H7z",
    clip: "M19 11.500l-7.300 7.300a4.500 4.500 0 0 1-6.400-6.400l7.700-7.700a3 3 0 0 1 4.300 4.300l-7.500 7.400a1.500 1.500 0 0 1-2.100-2.100l6.600-6.500",
    copy: "M9 9h10v10H9zM15 9V5H5v10h4",
    edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
    again: "M19 12a7 7 0 1 1-2.200-5.100M19 4v4h-4",
    left: "M14 6l-6 6 6 6",
    right: "M10 6l6 6-6 6",
    down: "M6 10l6 6 6-6",
    close: "M6 6l12 12M18 6L6 18",
    sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.800v4.400M9 14.800v4.400",
    layers: "M12 4l8 4-8 4-8-4zM4 12l8 4 8-4M4 16l8 4 8-4",
    keyboard: "M3 7h18v10H3zM7 10.500h.01M10.300 10.500h.01M13.700 10.500h.01M17 10.500h.01M8 14h8",
    file: "M7 4h7l4 4v12H7zM14 4v4h4",
    thought: "M12 4a6 6 0 0 0-3.500 10.900V17h7v-2.100A6 6 0 0 0 12 4ZM9.500 20h5",
    upload: "M12 15V5M8 9l4-4 4 4M5 19h14",
    out: "M10 5H5v14h5M14 8l4 4-4 4M9 12h9",
    moon: "M19 14.500A7.500 7.500 0 0 1 9.500 5a7.500 7.500 0 1 0 9.500 9.500Z",
    sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600l1.400 1.400M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400",
    folder: "M4 6h6l2 2h8v10H4z",
    check: "M5 12.500l4.500 4.500L19 7.500",
    cross: "M7 7l10 10M17 7L7 17",
    warning: "M12 4.500l8.500 15h-17zM12 10v4.500M12 17.200h.01",
    text: "M5 6h14M5 11h14M5 16h9",
};

export const Icon = ({ name }) => html`<svg class=${`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;

/** A button that is only an icon; its label is read aloud and shown as a tip. */
export const IconButton = ({ icon, label, ...rest }) => html`<button type="button" class="icon-button" aria-label=${label} title=${label} ...${rest}><${Icon} name=${icon} /></button>`;

/** The mark of Fathom. */
export const Mark = () => html`<svg class="mark" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
    <path d="M10 21c5.500 0 5.500-4.500 11-4.500s5.500 4.500 11 4.500 5.500-4.500 11-4.500 5.500 4.500 11 4.500" /><path class="line" d="M32 27v15" /><path class="lead" d="M32 57l-5.500-11h11z" />
</svg>`;
