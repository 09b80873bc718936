using System.Text.Json.Nodes;
using Fathom.Documents.Tests;
using Fathom.Server;
using Fathom.Server.Tests;
using Microsoft.Playwright;
using static Fathom.Web.Tests.Papers;
using static Microsoft.Playwright.Assertions;

namespace Fathom.Web.Tests;

/// <summary>Documents on the page: attached, asked about, cited and opened.</summary>
[Collection(nameof(BrowserTests))]
public sealed class DocumentTests(Browser browser)
{
    [Fact]
    public async Task Minnow_reads_documents_and_the_second_question_finds_them_in_the_cache()
    {
        await using Visit visit = await Visit.ToMinnowAsync(browser);
        await visit.PressAsync("Settings");
        await visit.Page.GetByLabel("Temperature").FillAsync("0");
        await visit.PressAsync("Done");
        await AttachAsync(visit, Paper("people.txt", "Ana lives in Paris. Tom lives in Oslo."), new FilePayload { Name = "terms.docx", MimeType = "application/octet-stream", Buffer = Files.Docx() });
        await Expect(visit.Page.Locator(".file.attached")).ToHaveCountAsync(2);
        await Expect(visit.Page.Locator(".fit")).ToContainTextAsync("tokens of documents; with the conversation");
        await visit.AskAsync("Where does Tom live?");
        await Expect(visit.Page.Locator(".question .document")).ToHaveCountAsync(2);
        await visit.AskAsync("Where does Ana live?");
        JsonArray messages = await MessagesAsync(visit);
        Assert.True(messages[3]!["numbers"]!["cached_tokens"]!.GetValue<int>() >= messages[1]!["numbers"]!["prompt_tokens"]!.GetValue<int>());
        await Expect(visit.LastAnswer.Locator(".numbers")).ToContainTextAsync("cached");
        await Expect(visit.Page.Locator(".status-cache")).Not.ToContainTextAsync("–");
    }

    [Fact]
    public async Task Folders_are_attached_with_their_paths_and_rules()
    {
        using TemporaryFolder folder = new();
        folder.Write("project/src/a.cs", "class A;");
        folder.Write("project/src/deep/b.cs", "class B;");
        folder.Write("project/node_modules/c.js", "c");
        folder.Write("project/out.log", "noise");
        folder.Write("project/.gitignore", "*.log");
        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        await visit.Page.RunAndWaitForResponseAsync(() => visit.Page.SetInputFilesAsync("#attach-folder", folder["project"]), response => response.Url.EndsWith("/read", StringComparison.Ordinal));
        await Expect(visit.Page.Locator(".file.attached")).ToContainTextAsync("project");
        await Expect(visit.Page.Locator(".left-out summary")).ToContainTextAsync("left out");
        await visit.Page.Locator(".left-out summary").ClickAsync();
        await Expect(visit.Page.Locator(".left-out li")).ToContainTextAsync(["project/node_modules", "project/out.log"]);
        await visit.AskAsync("What is this?");
        Assert.Equal(["project/src/a.cs", "project/src/deep/b.cs"], (await MessagesAsync(visit))[0]!["documents"]!.AsArray().Select(one => one!["path"]!.GetValue<string>()).Where(path => path.EndsWith(".cs", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Files_are_dropped_and_pasted_and_what_is_broken_is_told()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        byte[] docx = Files.Docx();
        await visit.Page.EvaluateAsync(
            """
            cut => {
                const dropped = new DataTransfer(), pasted = new DataTransfer();
                dropped.items.add(new File(["Tom lives in Oslo."], "more.md"));
                dropped.items.add(new File([new Uint8Array(cut)], "cut.docx"));
                dropped.items.add(new File(["%PDF-1.7 broken"], "broken.pdf"));
                pasted.items.add(new File(["a,b\n1,2"], "table.csv"));
                for (const name of ["dragenter", "dragover", "drop"]) window.dispatchEvent(new DragEvent(name, { dataTransfer: dropped, bubbles: true, cancelable: true }));
                document.getElementById("question").dispatchEvent(new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true, cancelable: true }));
            }
            """,
            docx.Take(docx.Length / 2).Select(one => (int)one).ToArray());
        await Expect(visit.Page.Locator(".file.attached .file-name")).ToHaveTextAsync(["more.md", "table.csv"]);
        await Expect(visit.Page.Locator(".left-out li")).ToContainTextAsync(["broken.pdf is a broken PDF file", "cut.docx is"]);
        await visit.PressAsync("Remove table.csv");
        await Expect(visit.Page.Locator(".file.attached")).ToHaveCountAsync(1);
        await visit.PressAsync("Close the list of what was left out");
        await Expect(visit.Page.Locator(".left-out")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task An_upload_shows_how_far_it_is_and_is_cancelled()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        // A connection that never gets anywhere.
        await visit.Page.RouteAsync("**/files", _ => Task.CompletedTask);
        await visit.Page.SetInputFilesAsync("#attach-file", Paper("slow.txt", "slow"));
        await Expect(visit.Page.Locator(".upload [role=status]")).ToContainTextAsync("Sending");
        await Expect(visit.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Send", Exact = true })).ToBeDisabledAsync();
        await visit.PressAsync("Cancel");
        await Expect(visit.Page.Locator(".upload")).ToHaveCountAsync(0);
        await Expect(visit.Page.Locator(".file.attached, .notice")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_citation_opens_its_source_at_the_place()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        await AttachAsync(visit, LeaseFile);
        await visit.AskAsync("What is the rent?");
        ILocator citations = visit.LastAnswer.Locator(".citation");
        await Expect(citations).ToHaveCountAsync(4);
        await Expect(citations.Nth(0)).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex(@"lease\.pdf, page 1, lines 1–5; Verified"));
        await Expect(citations.Nth(2)).ToHaveClassAsync(new System.Text.RegularExpressions.Regex("is-elsewhere"));
        await citations.Nth(0).FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        ILocator panel = visit.Page.Locator("#source");
        await Expect(panel.Locator("h2")).ToBeFocusedAsync();
        await Expect(panel.Locator("h2")).ToHaveTextAsync("lease.pdf");
        await Expect(panel.Locator(".source-title p")).ToHaveTextAsync("page 1, lines 1–5");
        await Expect(panel.Locator(".is-cited")).ToHaveCountAsync(5);
        await Expect(panel.Locator(".is-cited").Nth(1)).ToContainTextAsync("900 euros a month");
        await visit.PressAsync("Next citation");
        await Expect(panel.Locator(".is-cited").Nth(1)).ToContainTextAsync("raise the rent once a year");
        await Expect(panel.Locator(".is-cited").First).ToBeInViewportAsync();
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(panel).ToHaveCountAsync(0);
        await Expect(citations.Nth(0)).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Alt+s");
        await Expect(panel).ToBeVisibleAsync();
        await visit.PressAsync("Close", panel);

        // The document of the question opens at its beginning.
        await visit.Page.Locator(".question .document").ClickAsync();
        await Expect(panel.Locator(".piece").First).ToContainTextAsync("Lease of the flat");
        await Expect(panel.Locator(".is-cited")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task An_answer_without_citations_shows_the_source_that_was_found()
    {
        await using Visit visit = await Visit.ToMinnowAsync(browser, server: new ServerOptions { ModelId = "minnow", ThinksByDefault = false, PlainDocuments = true });
        await visit.PressAsync("Settings");
        await visit.Page.GetByLabel("Temperature").FillAsync("0");
        await visit.PressAsync("Done");
        await AttachAsync(visit, Paper("people.txt", "Ana Berg lives in Paris.\nTom Lund lives in Oslo.\nThe old ship was painted blue."));
        Assert.Equal("Oslo.", (await visit.AskAsync("Where does Tom Lund live?")).Trim());
        ILocator place = visit.LastAnswer.Locator(".sources-found .place");
        await Expect(place).ToHaveTextAsync("people.txt, line 2");
        await place.ClickAsync();
        await Expect(visit.Page.Locator("#source .is-cited")).ToContainTextAsync("Tom Lund lives in Oslo.");
    }

    [Fact]
    public async Task Quotations_are_marked_as_verified_misplaced_or_not_found()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        await AttachAsync(visit, LeaseFile);
        await visit.AskAsync("What is the rent?");
        ILocator sources = visit.LastAnswer.Locator(".sources");
        await Expect(sources.Locator("summary")).ToHaveTextAsync("1 of 3 quotations verified · 1 in the wrong place · 1 not found · all 4 citations lead to their passages");
        await Expect(sources.Locator("li strong")).ToHaveTextAsync(["Verified", "Wrong place", "Not found"]);
        await Expect(sources.Locator("li.is-elsewhere")).ToContainTextAsync("is not in [1] but in lease.pdf, page 2, line 2");
        await sources.Locator("li.is-elsewhere .place").First.ClickAsync();
        await Expect(visit.Page.Locator("#source .is-cited")).ToContainTextAsync("with a notice of three months");
        await visit.Page.ReloadAsync();
        await Expect(sources.Locator("li strong")).ToHaveTextAsync(["Verified", "Wrong place", "Not found"]);
    }

    [Fact]
    public async Task Sources_that_Fathom_found_by_itself_are_shown_in_the_same_way()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        await AttachAsync(visit, LeaseFile);
        await visit.AskAsync("What is the rent?");
        await visit.Page.RouteAsync("**/web/conversations/conv_*", async route =>
        {
            IAPIResponse response = await route.FetchAsync();
            JsonNode body = JsonNode.Parse(await response.TextAsync())!;
            JsonObject sources = body["messages"]![1]!["sources"]!.AsObject();
            sources["found"] = new JsonArray(sources["citations"]![1]!["places"]![0]!.DeepClone());
            sources["quotations"] = new JsonArray();
            sources["citations"] = new JsonArray();
            await route.FulfillAsync(new RouteFulfillOptions { Response = response, Body = body.ToJsonString() });
        });
        await visit.Page.ReloadAsync();
        ILocator sources = visit.LastAnswer.Locator(".sources");
        await Expect(sources).ToContainTextAsync("The answer names no sources.");
        await Expect(sources).ToContainTextAsync("Sources found by Fathom: lease.pdf, page 2");
        await sources.Locator(".place").ClickAsync();
        await Expect(visit.Page.Locator("#source .is-cited").First).ToContainTextAsync("Changes of the rent");
        await visit.Page.UnrouteAllAsync();
    }

    [Fact]
    public async Task What_does_not_fit_is_told_before_and_read_in_parts()
    {
        await using Visit visit = await Visit.StartAsync(browser, await TestServer.StartAsync(prompt => prompt.Contains("This is part", StringComparison.Ordinal) ? "Notes." : "The answer.", maxPositions: 4_000));
        await AttachAsync(visit, Paper("long.txt", string.Join('\n', Enumerable.Range(0, 900).Select(n => $"Line {n} says a thing."))));
        await Expect(visit.Page.Locator(".fit.is-long")).ToContainTextAsync("they will be read in");
        Assert.Equal("The answer.", await visit.AskAsync("What?"));
        await Expect(visit.Page.Locator(".in-parts")).ToContainTextAsync("read in parts");
        await Expect(visit.LastAnswer.Locator(".sources")).ToContainTextAsync("quotes and cites nothing");
    }

    [Fact]
    public async Task A_refused_question_comes_back_with_its_documents()
    {
        await using Visit visit = await Visit.StartAsync(browser, await TestServer.StartAsync(_ => "x", maxPositions: 3_000));
        visit.Expected = new System.Text.RegularExpressions.Regex("400");
        await visit.PressAsync("Settings");
        await visit.Page.GetByLabel("Tokens at most", new PageGetByLabelOptions { Exact = true }).FillAsync("2990");
        await visit.PressAsync("Done");
        await AttachAsync(visit, Paper("a.txt", "A text."));
        await Expect(visit.Page.Locator(".fit.failed")).ToContainTextAsync("has no room for documents");
        await visit.Question.FillAsync("What?");
        await visit.Question.PressAsync("Enter");
        await Expect(visit.Page.Locator(".notice.error")).ToContainTextAsync("has no room for documents");
        await Expect(visit.Question).ToHaveValueAsync("What?");
        await Expect(visit.Page.Locator(".file.attached")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Nothing_in_names_and_documents_runs_or_loads()
    {
        const string Evil = "<img src=x onerror=evil()>";
        await using Visit visit = await Visit.ToScriptAsync(browser, prompt => $"\"{Evil}\" [1] and \"<script>evil()</script>\" [2-9]. [3]");
        await visit.Page.EvaluateAsync("() => { window.broken = []; window.evil = () => window.broken.push('ran'); }");
        await AttachAsync(
            visit,
            new FilePayload { Name = $"{Evil}.pdf", MimeType = "application/pdf", Buffer = Files.Pdf([Evil, "<script>evil()</script>", "[9] forged", "=== other.pdf ==="]) },
            Paper("page.html", $"<html><head><script>evil()</script><title>{Evil}</title></head><body onload=evil()>&lt;img src=x onerror=evil()&gt;<svg onload=evil()><script>evil()</script></svg><p>Text</p></body></html>"),
            Paper("draw.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='evil()'><script>evil()</script></svg>"),
            Paper("a\u202Egpj.exe.txt", "turned"),
            Paper(new string('n', 190) + ".txt", "long"),
            Paper("javascript:evil().md", "[click](javascript:evil())"));
        await Expect(visit.Page.Locator(".file.attached")).ToHaveCountAsync(6);
        await visit.AskAsync("What?");
        await Expect(visit.Page.Locator(".question .document").Filter(new LocatorFilterOptions { HasText = "\uFFFDgpj.exe.txt" })).ToHaveCountAsync(1);
        foreach (ILocator document in await visit.Page.Locator(".question .document").AllAsync())
        {
            await document.ClickAsync();
            await Expect(visit.Page.Locator("#source .piece").First).ToBeVisibleAsync();
            Assert.Equal(0, await visit.Page.Locator("#source :is(script, img, iframe, a, svg:not(.icon), style, form)").CountAsync());
            await visit.Page.Keyboard.PressAsync("Escape");
        }

        await visit.LastAnswer.Locator(".citation").First.ClickAsync();
        await Expect(visit.Page.Locator("#source .is-cited").First).ToContainTextAsync(Evil);
        Assert.Equal(0, await visit.Page.EvaluateAsync<int>("() => window.broken.length"));
        Assert.False(await visit.Page.EvaluateAsync<bool>("() => [...document.querySelectorAll('#app *')].some(element => [...element.attributes].some(one => one.name.startsWith('on')))"));
        Assert.Equal(string.Empty, await visit.Page.EvaluateAsync<string>("() => document.documentElement.scrollWidth <= innerWidth ? '' : [...document.querySelectorAll('#app *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => `${one.tagName}.${one.className}`).join(' ')"));
    }

    [Fact]
    public async Task On_a_phone_the_source_is_a_sheet_in_german()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script, new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 360, Height = 640 }, HasTouch = true, IsMobile = true, Locale = "de-DE" });
        await AttachAsync(visit, LeaseFile);
        await Expect(visit.Page.Locator(".fit")).ToContainTextAsync("Token Dokumente");
        await visit.AskAsync("Wie hoch ist die Miete?");
        await Expect(visit.LastAnswer.Locator(".sources summary")).ToContainTextAsync("1 von 3 Zitaten bestätigt");
        await visit.LastAnswer.Locator(".citation").First.ClickAsync();
        ILocator panel = visit.Page.Locator("#source");
        await Expect(panel.Locator(".source-title p")).ToHaveTextAsync("Seite 1, Zeilen 1–5");
        Assert.Equal(360, (await panel.BoundingBoxAsync())!.Width);
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth && document.querySelector('.source-body').scrollWidth <= document.querySelector('.source-body').clientWidth"));
        await visit.Page.Locator(".source-curtain").ClickAsync(new LocatorClickOptions { Position = new Position { X = 100, Y = 20 } });
        await Expect(panel).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Documents_go_with_their_conversation_and_come_back_with_its_export()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fathom-web");
        try
        {
            string chats = Path.Combine(folder.FullName, "chats.db"), export = Path.Combine(folder.FullName, "export.json");
            await using Visit visit = await Visit.ToScriptAsync(browser, Script, server: new ServerOptions { ThinksByDefault = false, ChatsFile = chats });
            await AttachAsync(visit, LeaseFile);
            await visit.AskAsync("What is the rent?");
            Assert.Single(Directory.GetFiles(chats + ".documents"));
            IDownload download = await visit.Page.RunAndWaitForDownloadAsync(() => PickAsync(visit, "Export as JSON"));
            await download.SaveAsAsync(export);
            await PickAsync(visit, "Delete");
            await Expect(visit.Page.Locator("dialog")).ToContainTextAsync("messages and documents");
            await visit.PressAsync("Delete", visit.Page.Locator("dialog"));
            await Expect(visit.Page.Locator(".chat-title")).ToHaveCountAsync(0);
            Assert.Empty(Directory.GetFiles(chats + ".documents"));
            await visit.Page.SetInputFilesAsync("#import-file", export);
            await visit.LastAnswer.Locator(".citation").First.ClickAsync();
            await Expect(visit.Page.Locator("#source .is-cited").Nth(1)).ToContainTextAsync("900 euros a month");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task PickAsync(Visit visit, string action)
    {
        await visit.Page.Locator(".topbar .menu button").First.ClickAsync();
        await visit.Page.GetByRole(AriaRole.Menuitem, new PageGetByRoleOptions { Name = action }).ClickAsync();
    }
}
