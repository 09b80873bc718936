// Markdown as cleaned pieces of the page, block by block, so that a growing answer changes its last block only.
import MarkdownIt from "../vendor/markdown-it/markdown-it.js";
import DOMPurify from "../vendor/dompurify/purify.js";
import { formulas } from "./math.js";

const md = new MarkdownIt({ html: false, linkify: true, breaks: false, typographer: false }).use(formulas);

// Pictures would ask other hosts for them: they become links. Alignment is a class, because the page's policy forbids style attributes.
md.renderer.rules.image = (tokens, index) => {
    const token = tokens[index], source = md.utils.escapeHtml(token.attrGet("src") ?? "");
    return `<a href="${source}">${md.utils.escapeHtml(token.content || source)}</a>`;
};
md.core.ruler.push("alignment", state => {
    for (const token of state.tokens) {
        const align = /text-align:(\w+)/.exec(token.attrGet("style") ?? "");
        if (!align) continue;
        token.attrs = token.attrs.filter(([name]) => name !== "style");
        token.attrJoin("class", `align-${align[1]}`);
    }
});

const CLEAN = {
    RETURN_DOM_FRAGMENT: true,
    ALLOWED_TAGS: ["p", "br", "hr", "strong", "em", "s", "code", "pre", "a", "ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "span"],
    ALLOWED_ATTR: ["href", "title", "class", "start", "data-tex"],
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
};

/** The HTML of each top-level block of a text, not yet cleaned. */
export function blocksOf(text) {
    const env = {}, blocks = [];
    let held = [];
    for (const token of md.parse(text, env)) {
        held.push(token);
        const isEnd = token.level === 0 && token.nesting <= 0;
        if (!isEnd) continue;
        blocks.push(md.renderer.render(held, md.options, env));
        held = [];
    }
    return blocks;
}

/** A block as nodes of the page, without anything that could run or load. */
export function clean(html) {
    const fragment = DOMPurify.sanitize(html, CLEAN);
    for (const link of fragment.querySelectorAll("a[href]")) {
        link.target = "_blank";
        link.rel = "noopener noreferrer";
    }
    return fragment;
}

/** HTML of highlighted code as nodes: spans with classes and nothing else. */
export function cleanCode(html) {
    return DOMPurify.sanitize(html, { RETURN_DOM_FRAGMENT: true, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] });
}
