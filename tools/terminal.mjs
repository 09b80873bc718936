// Draws what a command writes as a picture of a terminal:
//
//     node tools/terminal.mjs docs/images/ask.svg 'fathom ask ...' PROGRAM ARGUMENT ...
//
// The second argument is the line that stands behind the prompt; the program runs with its arguments, and what it writes, errors included, stands below in the order it came.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const [target, shown, program, ...given] = process.argv.slice(2);
if (!program) {
    console.error("terminal.mjs: name a picture, the line to show, and a program with its arguments.");
    process.exit(1);
}

const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
const run = spawnSync("sh", ["-c", `${[program, ...given].map(quoted).join(" ")} 2>&1`], { encoding: "utf8" });
if (run.status !== 0) {
    console.error(`terminal.mjs: ${program} ended with ${run.status}:\n${run.stdout}`);
    process.exit(1);
}

const most = 104, width = 8.4, height = 20, left = 20, top = 56;
const wrap = line => line.length <= most ? [line] : [line.slice(0, most), ...wrap(line.slice(most))];
const lines = [...wrap(`$ ${shown}`).map(text => ({ text, isCommand: true })), ...run.stdout.trimEnd().split("\n").flatMap(wrap).map(text => ({ text }))];
const columns = Math.max(...lines.map(line => line.text.length));
const escaped = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const colourOf = ({ text, isCommand }) => isCommand ? "#8ec07c" : /^(fathom:|prompt \d)/.test(text) ? "#928374" : "#ebdbb2";
const drawn = (line, row) => {
    // Blanks at the beginning are a distance: pictures drop them.
    const text = line.text.trimStart(), x = left + (line.text.length - text.length) * width;
    return text === "" ? "" : `<text x="${x.toFixed(1)}" y="${top + row * height}" fill="${colourOf(line)}" textLength="${(text.length * width).toFixed(1)}">${escaped(text)}</text>\n`;
};
const [w, h] = [Math.ceil(columns * width + 2 * left), top + lines.length * height + 8];
writeFileSync(target, `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img">
<title>${escaped(shown)}</title>
<rect width="${w}" height="${h}" rx="10" fill="#1d2021"/>
${["#fb4934", "#fabd2f", "#8ec07c"].map((fill, i) => `<circle cx="${24 + i * 20}" cy="22" r="6" fill="${fill}"/>`).join("")}
<g font-family="ui-monospace, 'Cascadia Mono', Menlo, 'DejaVu Sans Mono', monospace" font-size="14">
${lines.map(drawn).join("")}</g>
</svg>
`);
