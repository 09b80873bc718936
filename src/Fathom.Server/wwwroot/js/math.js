// Formulas in Markdown: $a$, \(a\) within a line, $$a$$ and \[a\] also over several. They become placeholders that are drawn when they stand in the page.

const PAIRS = [["$$", "$$", true], ["\\[", "\\]", true], ["\\(", "\\)", false], ["$", "$", false]];

/** Finds a formula at a place of a text; null when there is none. */
export function formulaAt(text, at) {
    for (const [open, close, display] of PAIRS) {
        if (!text.startsWith(open, at)) continue;
        const from = at + open.length;
        let end = text.indexOf(close, from);
        while (end > 0 && close[0] === "$" && text[end - 1] === "\\") end = text.indexOf(close, end + 1);
        const tex = text.slice(from, end);
        if (end < 0 || tex.trim() === "") continue;

        // "$5 and $6" are prices: a formula does not begin or end with a space, and no digit follows it.
        if (open === "$" && (/^\s|\s$|\n\n/.test(tex) || /\d/.test(text[end + 1] ?? ""))) continue;
        return { tex: tex.trim(), display, end: end + close.length };
    }
    return null;
}

/** Teaches formulas to markdown-it. */
export function formulas(md) {
    const escape = md.utils.escapeHtml;
    const hold = (tokens, index) => `<span class="formula${tokens[index].meta ? " display" : ""}" data-tex="${escape(tokens[index].content)}">${escape(tokens[index].content)}</span>`;

    md.inline.ruler.before("escape", "formula", (state, silent) => {
        const found = formulaAt(state.src, state.pos);
        if (!found || found.end > state.posMax) return false;
        if (!silent) {
            const token = state.push("formula", "span", 0);
            token.content = found.tex;
            token.meta = found.display;
        }
        state.pos = found.end;
        return true;
    });

    // A formula of its own may hold empty lines and marks of lists.
    md.block.ruler.before("fence", "formula_block", (state, startLine, endLine, silent) => {
        const from = state.bMarks[startLine] + state.tShift[startLine];
        if (!/^(\$\$|\\\[)/.test(state.src.slice(from, from + 2))) return false;
        const found = formulaAt(state.src.slice(0, state.eMarks[endLine - 1]), from);
        if (!found || state.src.slice(found.end).split("\n", 1)[0].trim() !== "") return false;
        if (silent) return true;
        let line = startLine;
        while (line < endLine && state.eMarks[line] < found.end) line++;
        const token = state.push("formula", "span", 0);
        token.content = found.tex;
        token.meta = true;
        token.map = [startLine, line + 1];
        state.line = line + 1;
        return true;
    }, { alt: ["paragraph", "reference", "blockquote"] });
    md.renderer.rules.formula = hold;
}
