using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Fathom.Web.Tests;

/// <summary>The page's modules one by one, in the browser that runs them.</summary>
[Collection(nameof(BrowserTests))]
public sealed partial class ModuleTests(Browser browser)
{
    private static readonly string Pages = Repository.PathOf("src", "Fathom.Server", "wwwroot");

    [Fact]
    public async Task Events_are_read_wherever_the_stream_is_cut()
    {
        Assert.Equal("""[["start",{"a":"ü\n"}],["message",{"b":1}],["done",{}]]""", await RunAsync("""
            const { createEventReader } = await import("/web/files/js/events.js");
            const text = ': keep-alive\n\nevent: start\r\ndata: {"a":"ü\\n"}\r\n\r\ndata: {"b":\ndata: 1}\n\nevent: done\ndata: {}\n\n';
            const all = [];
            for (let cut = 0; cut <= text.length; cut++) {
                const events = [], feed = createEventReader((name, data) => events.push([name, data]));
                feed(text.slice(0, cut));
                feed(text.slice(cut));
                all.push(JSON.stringify(events));
            }
            return [...new Set(all)].join(" or ");
            """));
    }

    [Fact]
    public async Task Branches_are_ways_through_a_tree()
    {
        Assert.Equal("""["1,2,3,4","1,2,5","1,2,5","4","1/2",[],"1,2"]""", await RunAsync("""
            const { branch, leafBelow, siblings, withMessages } = await import("/web/files/js/tree.js");
            const messages = [["1", null, "user"], ["2", "1", "assistant"], ["3", "2", "user"], ["4", "3", "assistant"], ["5", "2", "user"]].map(([id, parent, role]) => ({ id, parent, role }));
            const ids = path => path.map(one => one.id).join();
            const own = siblings(messages, messages[4]);
            const circle = [{ id: "1", parent: "2", role: "user" }, { id: "2", parent: "1", role: "user" }];
            return JSON.stringify([ids(branch(messages, "4")), ids(branch(messages, "5")), ids(branch(messages, "gone")), leafBelow(messages, "3"), `${own.index}/${own.all.length}`, branch([], null), ids(branch(circle, "2"))]);
            """));
    }

    [Theory]
    [InlineData("$a$", "a")]
    [InlineData("$$a\n\nb$$", "a\n\nb")]
    [InlineData(@"\(a\)", "a")]
    [InlineData(@"\[a\]", "a")]
    [InlineData(@"$a\$b$", @"a\$b")]
    [InlineData("$5 and $6", null)]
    [InlineData("$ a$", null)]
    [InlineData("$a", null)]
    [InlineData("$$$$", null)]
    [InlineData("a$b$", null)]
    public async Task Formulas_are_told_from_prices(string text, string? formula) =>
        Assert.Equal(JsonSerializer.Serialize(formula, Plain), await RunAsync($"return JSON.stringify((await import('/web/files/js/math.js')).formulaAt({JsonSerializer.Serialize(text)}, 0)?.tex ?? null);"));

    [Fact]
    public async Task A_growing_text_changes_its_last_block_only()
    {
        Assert.Equal("true", await RunAsync("""
            const { blocksOf } = await import("/web/files/js/markdown.js");
            const whole = "# Title\n\nSome *text*.\n\n- one\n- two\n\n```js\nlet a;\n```\n\n| a |\n|---|\n| b |\n\nEnd.";
            let before = [];
            for (let end = 1; end <= whole.length; end++) {
                const blocks = blocksOf(whole.slice(0, end));
                // What was finished a block ago stays as it was.
                for (let i = 0; i < Math.min(before.length, blocks.length) - 2; i++) if (blocks[i] !== before[i]) return `${end}: ${before[i]} became ${blocks[i]}`;
                before = blocks;
            }
            return String(before.length === 6);
            """));
    }

    [Fact]
    public async Task Settings_become_the_fields_of_a_request()
    {
        Assert.Equal("""{"temperature":0.7,"top_k":5,"stop":["a","b"],"thinking":{"type":"enabled"},"reasoning_effort":"max"}""", await RunAsync("""
            const { DEFAULTS, requestFields } = await import("/web/files/js/settings.js");
            return JSON.stringify(requestFields({ ...DEFAULTS, temperature: "0,7", topK: " 5 ", seed: "x", stop: "a\n\nb", effort: "max" }));
            """));
    }

    [Fact]
    public void Both_languages_have_all_words_that_the_page_uses_and_no_more()
    {
        Dictionary<string, JsonObject> languages = ((string[])["en", "de"]).ToDictionary(name => name, name => JsonNode.Parse(File.ReadAllText(Path.Combine(Pages, "lang", name + ".json")))!.AsObject());
        string code = string.Concat(Directory.GetFiles(Path.Combine(Pages, "js"), "*.js", SearchOption.AllDirectories).Select(File.ReadAllText));
        HashSet<string> known = [.. languages["en"].Select(word => word.Key)];
        Assert.Equal(known.Order(), languages["de"].Select(word => word.Key).Order());
        string[] used = [.. Calls().Matches(code).Select(match => match.Groups[1].Value).Distinct()];
        Assert.NotEmpty(used);
        Assert.DoesNotContain(used, key => !known.Contains(key));

        // Keys that are put together: every one that is left over must stand in the code in quotes.
        Assert.DoesNotContain(known.Except(used), key => !code.Contains($"\"{key.Split('_')[^1]}\"", StringComparison.Ordinal) && !code.Contains($"{key}:", StringComparison.Ordinal) && !code.Contains($"`{key.Split('_')[0]}_${{", StringComparison.Ordinal));
        foreach ((string key, JsonNode? word) in languages["en"])
            Assert.Equal(Places().Matches(word!.ToString()).Select(match => match.Value).Order(), Places().Matches(languages["de"][key]!.ToString()).Select(match => match.Value).Order());
    }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [GeneratedRegex("""\bt\("(\w+)"[,)]""")]
    private static partial Regex Calls();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Places();

    private async Task<string> RunAsync(string code)
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        return await visit.Page.EvaluateAsync<string>($"async () => {{ {code} }}");
    }
}
