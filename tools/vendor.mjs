// Writes the third-party files of the web chat from the packages of package-lock.json, each with its licence:
//
//     cd tools && npm run vendor
//
// Nothing is bundled or translated. The only change is that bare module names become paths, because a page without a build step (and
// without an inline import map, which the page's content security policy forbids) cannot resolve them, and that lines naming source maps go.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "node_modules");
const page = join(here, "..", "src", "Fathom.Server", "wwwroot", "vendor");
const tests = join(here, "..", "tests", "Fathom.Web.Tests", "vendor");

// package, its files and where they go
const parts = [
    { name: "preact", files: { "dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js" }, licence: "LICENSE" },
    { name: "htm", files: { "dist/htm.mjs": "htm.js" }, licence: "LICENSE" },
    { name: "markdown-it", files: { "dist/browser/markdown-it.esm.min.mjs": "markdown-it.js" }, licence: "LICENSE", within: ["linkify-it", "mdurl", "uc.micro", "entities", "punycode.js"] },
    { name: "dompurify", files: { "dist/purify.es.mjs": "purify.js" }, licence: "LICENSE" },
    { name: "@highlightjs/cdn-assets", as: "highlight.js", files: { "es/highlight.min.js": "highlight.js" }, licence: "LICENSE" },
    { name: "katex", files: { "dist/katex.mjs": "katex.js", "dist/katex.min.css": "katex.css" }, licence: "LICENSE", fonts: "dist/fonts" },
    { name: "axe-core", files: { "axe.min.js": "axe.js" }, licence: "LICENSE", to: tests },
];

rmSync(page, { recursive: true, force: true });
rmSync(tests, { recursive: true, force: true });
for (const part of parts) {
    const from = join(packages, part.name), to = join(part.to ?? page, part.as ?? part.name);
    mkdirSync(to, { recursive: true });
    for (const [source, target] of Object.entries(part.files)) {
        const text = readFileSync(join(from, source), "utf8")
            .replace(/(from\s*)(["'])preact\2/g, "$1$2./preact.js$2")
            .replace(/\n?\/\/# sourceMappingURL=.*\n?$/, "\n")
            // Every browser that runs the page reads woff2.
            .replace(/,url\([^)]*\.woff\) format\("woff"\),url\([^)]*\.ttf\) format\("truetype"\)/g, "");
        writeFileSync(join(to, target), text);
    }

    copyFileSync(join(from, part.licence), join(to, "LICENSE"));
    for (const inner of part.within ?? []) {
        const licence = readdirSync(join(packages, inner)).find(name => name.toUpperCase().startsWith("LICENSE"));
        copyFileSync(join(packages, inner, licence), join(to, `LICENSE.${inner}`));
    }

    if (part.fonts) {
        mkdirSync(join(to, "fonts"), { recursive: true });
        for (const font of readdirSync(join(from, part.fonts)).filter(name => name.endsWith(".woff2"))) copyFileSync(join(from, part.fonts, font), join(to, "fonts", font));
    }

    const { version, license } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
    writeFileSync(join(to, "VERSION"), `${part.name} ${version}, ${license}\n`);
    console.log(`${part.name} ${version}`);
}
