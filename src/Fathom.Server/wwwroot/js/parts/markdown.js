// Shows a text as Markdown. Blocks that did not change stay what they are in the page: selections live on, and long answers stay cheap.
import { html, useLayoutEffect, useRef } from "../html.js";
import { blocksOf, clean, cleanCode } from "../markdown.js";
import { linkCitations } from "../citations.js";
import { copyText } from "../clipboard.js";
import { t } from "../i18n.js";

let highlighter = null, drawer = null;
const highlighting = () => highlighter ??= import("../../vendor/highlight.js/highlight.js").then(module => module.default);
const drawing = () => drawer ??= import("../../vendor/katex/katex.js").then(module => module.default);

/** A text; with `sources` its citations open what they cite. */
export function Markdown({ text, isGrowing, sources, onCite }) {
    const place = useRef(null), shown = useRef([]), linked = useRef(null);
    useLayoutEffect(() => {
        const blocks = blocksOf(text);
        shown.current = renew(place.current, shown.current, blocks, isGrowing, sources);
        if (sources?.citations && linked.current !== sources) linkCitations(place.current, sources, onCite);
        linked.current = sources;
    }, [text, isGrowing, sources]);
    return html`<div class="markdown" ref=${place}></div>`;
}

function renew(place, old, blocks, isGrowing, sources) {
    const renewed = [];
    blocks.forEach((block, index) => {
        const isOpen = isGrowing && index === blocks.length - 1;
        const known = old[index];
        if (known && known.block === block && known.isOpen === isOpen && known.sources === sources) {
            renewed.push(known);
            return;
        }

        const element = document.createElement("div");
        element.className = "block";
        element.append(clean(block));
        dress(element, isOpen);
        if (known) known.element.replaceWith(element);
        else place.append(element);
        renewed.push({ block, isOpen, sources, element });
    });
    for (const gone of old.slice(blocks.length)) gone.element.remove();
    return renewed;
}

// Code and formulas of a block that still grows wait until it is whole.
function dress(element, isOpen) {
    for (const table of element.querySelectorAll("table")) {
        const frame = document.createElement("div");
        frame.className = "table-frame";
        frame.tabIndex = 0;
        frame.setAttribute("role", "region");
        frame.setAttribute("aria-label", t("table"));
        table.replaceWith(frame);
        frame.append(table);
    }
    for (const code of element.querySelectorAll("pre > code")) dressCode(code, isOpen);
    if (isOpen) return;
    for (const formula of element.querySelectorAll(".formula")) drawFormula(formula);
}

function dressCode(code, isOpen) {
    const pre = code.parentElement, frame = document.createElement("div"), head = document.createElement("div"), name = document.createElement("span"), copy = document.createElement("button");
    const language = [...code.classList].find(one => one.startsWith("language-"))?.slice(9) ?? "";
    frame.className = "code-frame";
    head.className = "code-head";
    name.textContent = language;
    copy.type = "button";
    copy.className = "copy-code";
    copy.textContent = t("copy");
    copy.setAttribute("aria-label", t("copyCode"));
    copy.addEventListener("click", async () => {
        copy.textContent = await copyText(code.textContent) ? t("copied") : t("copyFailed");
        setTimeout(() => copy.textContent = t("copy"), 1500);
    });
    pre.tabIndex = 0;
    pre.setAttribute("role", "region");
    pre.setAttribute("aria-label", language ? `${t("code")}: ${language}` : t("code"));
    pre.replaceWith(frame);
    head.append(name, copy);
    frame.append(head, pre);
    if (isOpen || !language) return;
    highlighting().then(hljs => {
        if (hljs.getLanguage(language)) code.replaceChildren(cleanCode(hljs.highlight(code.textContent, { language, ignoreIllegals: true }).value));
    });
}

function drawFormula(formula) {
    ensureStyle();
    drawing().then(katex => {
        try {
            katex.render(formula.dataset.tex, formula, { displayMode: formula.classList.contains("display"), throwOnError: true, trust: false, strict: "ignore", maxExpand: 500, maxSize: 50 });
        } catch {
            formula.classList.add("bad");
        }
    });
}

function ensureStyle() {
    if (document.getElementById("katex-style")) return;
    const link = document.createElement("link");
    link.id = "katex-style";
    link.rel = "stylesheet";
    link.href = "/web/files/vendor/katex/katex.css";
    document.head.append(link);
}
