using Fathom.Server;
using Fathom.Server.Tests;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Fathom.Web.Tests;

/// <summary>How answers look, and that nothing in them runs.</summary>
[Collection(nameof(BrowserTests))]
public sealed class MarkdownTests(Browser browser)
{
    [Fact]
    public async Task Tables_code_formulas_and_links_are_drawn()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.AskAsync("the tide");
        await Expect(visit.Page.Locator("table td.align-right").First).ToHaveTextAsync("16.3");
        await Expect(visit.Page.Locator(".katex")).ToHaveCountAsync(2);
        await Expect(visit.Page.Locator(".katex-display")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("code .hljs-comment")).ToHaveTextAsync("// High water comes about every 12.4 hours.");
        await Expect(visit.Page.Locator("ol li")).ToHaveTextAsync(["Spring tides: Sun and Moon in line", "Neap tides: at a right angle"]);
        ILocator link = visit.Page.Locator(".markdown a");
        await Expect(link).ToHaveAttributeAsync("rel", "noopener noreferrer");
        await Expect(link).ToHaveAttributeAsync("target", "_blank");
    }

    [Fact]
    public async Task Code_and_answers_are_copied()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await visit.AskAsync("the tide");
        await visit.PressAsync("Copy the code");
        Assert.Equal("// High water comes about every 12.4 hours.\npublic static TimeSpan NextHighWater(int tides) =>\n    TimeSpan.FromHours(12.42 * tides);\n", await ClipboardAsync(visit));
        await visit.PressAsync("Copy the answer");
        await Expect(visit.Page.Locator(".notice")).ToHaveTextAsync("Copied");
        Assert.Equal(Replies.Rich.ReplaceLineEndings("\n"), await ClipboardAsync(visit));
    }

    [Fact]
    public async Task Nothing_that_anybody_wrote_runs_or_loads()
    {
        await using Visit visit = await Visit.StartAsync(browser, await TestServer.StartAsync(prompt => Replies.Script(prompt), new ServerOptions()));
        await visit.Page.EvaluateAsync("() => { window.broken = []; window.alert = window.broken.push.bind(window.broken); window.evil = () => window.broken.push('ran'); }");
        await visit.PressAsync("System prompt");
        await visit.Page.GetByRole(AriaRole.Textbox, new PageGetByRoleOptions { Name = "System prompt" }).FillAsync(Attacks[0]);
        await visit.Page.GetByLabel("Keep as preset named").FillAsync(Attacks[1]);
        await visit.PressAsync("Keep");
        await visit.PressAsync("Use");
        foreach (string[] some in Attacks.Chunk(8))
        {
            await Papers.AttachAsync(visit, Papers.Paper("\"><img src=x onerror=evil()>.txt", "<script>evil()</script>"));
            await visit.AskAsync("echo:" + string.Join("\n\n", some));
        }

        foreach (ILocator link in await visit.Page.Locator(".markdown a").AllAsync())
        {
            string target = await link.GetAttributeAsync("href") ?? "#";
            Assert.True(target.StartsWith("http", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal) || target.StartsWith('#'), target);
        }

        Assert.Equal(0, await visit.Page.Locator(".messages :is(script, iframe, object, embed, img, video, audio, form, input, style, link, base, meta, .markdown svg:not(.katex svg))").CountAsync());
        Assert.False(await visit.Page.EvaluateAsync<bool>("() => [...document.querySelectorAll('.messages *')].some(element => [...element.attributes].some(one => one.name.startsWith('on')))"));

        // A conversation's title is the first question's beginning, and a title of one's own.
        string list = await visit.Server.Http.GetStringAsync("/web/conversations");
        string id = System.Text.Json.Nodes.JsonNode.Parse(list)!["conversations"]![0]!["id"]!.GetValue<string>();
        using HttpResponseMessage renamed = await visit.Server.Http.PatchAsync($"/web/conversations/{id}", TestServer.Body($$"""{"title": {{TestServer.Quote(Attacks[1])}} }"""));
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator(".chat-title").First).ToHaveTextAsync(Attacks[1]);
        await visit.Page.Locator(".markdown a").First.HoverAsync();
        Assert.Equal(0, await visit.Page.EvaluateAsync<int>("() => (window.broken ?? []).length"));
        Assert.Equal(0, await visit.Page.EvaluateAsync<int>("() => document.querySelectorAll('script:not([src])').length"));
    }

    [Fact]
    public async Task The_policy_stops_a_script_that_got_in_all_the_same()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        visit.Expected = new System.Text.RegularExpressions.Regex("Content Security Policy|Trusted", System.Text.RegularExpressions.RegexOptions.IgnoreCase);
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => { try { document.body.innerHTML = '<img src=x onerror=alert(1)>'; return false; } catch { return true; } }"));
        await visit.Page.EvaluateAsync("() => { const script = document.createElement('div'); document.body.append(script); try { script.setAttribute('onclick', 'window.evil = 1'); } catch { } script.click(); }");
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => window.evil === undefined"));
        Assert.True(await visit.Page.EvaluateAsync<bool>("async () => { try { await fetch('https://example.org/'); return false; } catch { return true; } }"));
    }

    private static Task<string> ClipboardAsync(Visit visit) => visit.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()");

    private static readonly string[] Attacks =
    [
        "<script>evil()</script>",
        "<img src=x onerror=evil()>",
        "<svg onload=evil()><animate onbegin=evil() attributeName=x dur=1s>",
        "[click](javascript:evil())",
        "[click](  JaVaScRiPt:evil())",
        "[click](data:text/html;base64,PHNjcmlwdD5ldmlsKCk8L3NjcmlwdD4=)",
        "[click](vbscript:evil())",
        "[x]: javascript:evil()\n[x]",
        "![picture](https://example.org/spy.png)",
        "![picture](javascript:evil())",
        "![\" onerror=evil() x=\"](x)",
        "[a](<https://example.org/\" onmouseover=\"evil()>)",
        "[a](https://example.org/ \"t\\\" onmouseover=evil() x=\\\"\")",
        "<https://example.org/?a=<script>evil()</script>>",
        "```html\" onmouseover=\"evil()\n<script>evil()</script>\n```",
        "```javascript\nevil(); // </code></pre><script>evil()</script>\n```",
        "$\\href{javascript:evil()}{x}$",
        "$$\\htmlData{x=\" onmouseover=evil()}{x}$$",
        "$\\includegraphics{https://example.org/spy.png}$",
        "$\\url{javascript:evil()}$ and $\\def\\a{\\a\\a}\\a$",
        "$<img src=x onerror=evil()>$",
        "| <img src=x onerror=evil()> |\n|---|\n| <iframe srcdoc=\"<script>parent.evil()</script>\"> |",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=evil()&gt;\">",
        "<form><button formaction=javascript:evil()>x</button></form>",
        "<a href=\"&#106;avascript:evil()\">x</a>",
        "<base href=https://example.org/><link rel=stylesheet href=https://example.org/x.css>",
        "<style>@import 'https://example.org/x.css';</style>",
        "<object data=javascript:evil()></object><embed src=javascript:evil()>",
        "<details open ontoggle=evil()>x</details>",
        "&lt;script&gt;evil()&lt;/script&gt;",
        "{{constructor.constructor('evil()')()}} ${evil()} #{evil()}",
        "\u202Eevil()\u202C",
    ];
}
