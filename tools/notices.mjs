// Writes THIRD-PARTY-NOTICES.md from the packages that the fathom command ships, and from the web chat's files:
//
//     dotnet restore && node tools/notices.mjs
//
// Licences come from the packages' own .nuspec files and from what tools/vendor.mjs noted of the web chat's parts.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const found = new Map();
for (const project of ["Fathom.Cli"]) {
    const assets = JSON.parse(readFileSync(join(root, "artifacts", "obj", project, "project.assets.json"), "utf8"));
    const folders = Object.keys(assets.packageFolders);
    for (const [name, library] of Object.entries(assets.libraries)) {
        if (library.type !== "package") continue;
        const nuspec = library.files.find(file => file.endsWith(".nuspec"));
        const folder = folders.map(one => join(one, library.path)).find(existsSync);
        const text = readFileSync(join(folder, nuspec), "utf8");
        const expression = text.match(/<license[^>]*type="expression"[^>]*>([^<]+)</)?.[1], file = text.match(/<license[^>]*type="file"[^>]*>([^<]+)</)?.[1], url = text.match(/<licenseUrl>([^<]+)</)?.[1];
        const copyright = text.match(/<copyright>([^<]+)</)?.[1] ?? text.match(/<authors>([^<]+)</)?.[1] ?? "";
        found.set(name, [name.replace("/", " "), expression ?? (file ? `in the package: ${file}` : url ?? "not named"), copyright.trim()]);
    }
}

const vendor = join(root, "src", "Fathom.Server", "wwwroot", "vendor");
const parts = readdirSync(vendor).sort().map(part => {
    const files = readdirSync(join(vendor, part)).filter(file => file.startsWith("LICENSE"));
    const [, name, version, licence] = readFileSync(join(vendor, part, "VERSION"), "utf8").match(/^(\S+) (\S+), \(?([^()\n]+)\)?$/m);
    return [`${name} ${version}`, licence, files.map(file => `src/Fathom.Server/wwwroot/vendor/${part}/${file}`).join(", ")];
});

const table = (head, rows) => [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map(row => `| ${row.join(" | ")} |`)].join("\n");
writeFileSync(join(root, "THIRD-PARTY-NOTICES.md"), `# Third-party notices

Fathom is under the licence in LICENSE. It ships with these parts of others, each under its own licence. This file is written by \`tools/notices.mjs\`.

## Packages

${table(["package", "licence", "copyright"], [...found.values()].sort((a, b) => a[0] < b[0] ? -1 : 1))}

## Web chat

${table(["part", "licence", "text"], parts)}
`);
