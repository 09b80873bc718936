using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server;
using Fathom.Server.Tests;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Fathom.Web.Tests;

/// <summary>Questions and answers on the page.</summary>
[Collection(nameof(BrowserTests))]
public sealed class ConversationTests(Browser browser)
{
    private const string Document = "Ana lives in Paris. Tom lives in Oslo. Eva has a red car.\n\nWhere does Tom live?";

    [Fact]
    public async Task Minnow_answers_a_question()
    {
        await using Visit visit = await Visit.ToMinnowAsync(browser);
        await visit.PressAsync("Settings");
        await visit.Page.GetByLabel("Temperature").FillAsync("0");
        await visit.PressAsync("Done");
        Assert.Equal("Oslo.", await visit.AskAsync(Document));
        await Expect(visit.Page).ToHaveTitleAsync("Ana lives in Paris. Tom lives in Oslo. Eva has a red car. – Fathom");
        await Expect(visit.Page.Locator(".numbers")).ToContainTextAsync("tokens");
        await Expect(visit.Page.Locator(".statusbar")).ToContainTextAsync("minnow");
        await Expect(visit.Page.Locator(".status-context")).ToContainTextAsync("/ 131");
    }

    [Fact]
    public async Task Thinking_is_folded_and_tells_its_time()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script, server: new ServerOptions());
        await visit.AskAsync("hello");
        ILocator thinking = visit.Page.Locator("details.thinking");
        await Expect(thinking.Locator("summary")).ToContainTextAsync("Thought for");
        await Expect(thinking.Locator(".thoughts")).ToBeHiddenAsync();
        await thinking.Locator("summary").ClickAsync();
        await Expect(thinking.Locator(".thoughts")).ToHaveTextAsync(Replies.Thought);
        await visit.Page.Keyboard.PressAsync("Alt+t");
        await Expect(thinking.Locator(".thoughts")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task An_answer_is_stopped_and_what_was_said_stays()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.Question.FillAsync("count for ever");
        await visit.Question.PressAsync("Enter");
        await Expect(visit.LastAnswer).ToContainTextAsync("10 11 12");
        await visit.PressAsync("Stop");
        await Expect(visit.LastAnswer.Locator(".state")).ToHaveTextAsync("Stopped.");
        Assert.Equal(0, visit.Server.Model.Status.Running);
        await visit.Page.ReloadAsync();
        await Expect(visit.LastAnswer).ToContainTextAsync("1 2 3 4 5");
        Assert.Contains("reply number", await visit.AskAsync("go on"));
    }

    [Fact]
    public async Task Escape_stops_too()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.Question.FillAsync("count for ever");
        await visit.Question.PressAsync("Enter");
        await Expect(visit.LastAnswer).ToContainTextAsync("5 6");
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(visit.LastAnswer.Locator(".state")).ToHaveTextAsync("Stopped.");
    }

    [Fact]
    public async Task An_answer_goes_on_while_the_page_is_loaded_again()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.Question.FillAsync("count for ever");
        await visit.Question.PressAsync("Enter");
        await Expect(visit.LastAnswer).ToContainTextAsync("10 11 12");
        await visit.Page.ReloadAsync();
        await Expect(visit.LastAnswer).ToHaveAttributeAsync("aria-busy", "true");
        string early = await visit.TextAsync();
        await visit.Page.WaitForFunctionAsync("length => document.querySelector('article.answer .markdown').innerText.length > length + 50", early.Length);
        Assert.StartsWith("1 2 3 4 5 6 7 8 9 10 11 12 ", await visit.TextAsync());
        await visit.PressAsync("Stop");
        await visit.WaitAsync();
        string[] words = (await visit.TextAsync()).Split(' ');

        // Every number once and in order: nothing was lost and nothing came twice. The last one may be cut.
        Assert.Equal(Enumerable.Range(1, words.Length - 1).Select(n => $"{n}"), words[..^1]);
    }

    [Fact]
    public async Task Another_answer_and_an_edited_question_are_branches()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        string first = await visit.AskAsync("say something");
        await visit.PressAsync("Answer again", visit.LastAnswer);
        await Expect(visit.LastAnswer.Locator(".branches")).ToContainTextAsync("2 / 2");
        await visit.WaitAsync();
        await visit.PressAsync("Previous version", visit.LastAnswer);
        Assert.Equal(first, await visit.TextAsync());

        string third = await visit.AskAsync("and more");
        await visit.Page.Keyboard.PressAsync("Alt+e");
        await visit.Page.Locator(".editor textarea").FillAsync("something else");
        await visit.Page.Locator(".editor textarea").PressAsync("Enter");
        ILocator question = visit.Page.Locator("article.question").Last;
        await Expect(question.Locator(".branches")).ToContainTextAsync("2 / 2");
        await visit.WaitAsync();
        Assert.NotEqual(third, await visit.TextAsync());
        await visit.PressAsync("Previous version", question);
        await Expect(question.Locator(".bubble")).ToHaveTextAsync("and more");
        Assert.Equal(third, await visit.TextAsync());

        // The chosen branch is the server's, too.
        await visit.Page.ReloadAsync();
        await Expect(question.Locator(".bubble")).ToHaveTextAsync("and more");
    }

    [Fact]
    public async Task Effort_and_sampling_go_along_with_the_question()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.Page.Locator(".effort select").SelectOptionAsync("max");
        await visit.PressAsync("Settings");
        foreach ((string label, string value) in new[] { ("Top-p", "0.9"), ("Top-k", "40"), ("Seed", "7"), ("Tokens at most", "500") })
            await visit.Page.GetByLabel(label, new PageGetByLabelOptions { Exact = true }).FillAsync(value);
        await visit.Page.GetByLabel("Texts that end").FillAsync("END\nSTOP");
        await visit.PressAsync("Done");
        IRequest request = await visit.Page.RunAndWaitForRequestAsync(() => visit.AskAsync("hello"), sent => sent.Url.EndsWith("/answer", StringComparison.Ordinal));
        JsonObject sent = JsonNode.Parse(request.PostData!)!.AsObject();
        Assert.Equal(("max", 0.9, 40, 7, 500), (sent["reasoning_effort"]!.GetValue<string>(), sent["top_p"]!.GetValue<double>(), sent["top_k"]!.GetValue<int>(), sent["seed"]!.GetValue<int>(), sent["max_tokens"]!.GetValue<int>()));
        Assert.Equal("""["END","STOP"]""", sent["stop"]!.ToJsonString());
        await Expect(visit.Page.Locator("details.thinking")).ToHaveCountAsync(1);
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator(".effort select")).ToHaveValueAsync("max");
    }

    [Fact]
    public async Task System_prompts_are_kept_as_presets_and_reach_the_model()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.PressAsync("System prompt");
        await visit.Page.GetByRole(AriaRole.Textbox, new PageGetByRoleOptions { Name = "System prompt" }).FillAsync("Speak like a pirate.");
        await visit.Page.GetByLabel("Keep as preset named").FillAsync("Pirate");
        await visit.PressAsync("Keep");
        await Expect(visit.Page.Locator(".preset-row option")).ToHaveTextAsync(["None", "Pirate"]);
        await visit.PressAsync("Use");
        Assert.Equal("Speak like a pirate.", await visit.AskAsync("what is your system?"));
        await visit.PressAsync("New chat");
        await Expect(visit.Answers).ToHaveCountAsync(0);
        Assert.Equal("none", await visit.AskAsync("what is your system?"));
        await visit.PressAsync("System prompt");
        await visit.Page.Locator(".preset-row select").SelectOptionAsync("Pirate");
        await visit.PressAsync("Use");
        Assert.Equal("Speak like a pirate.", await visit.AskAsync("what is your system?"));
        await visit.PressAsync("System prompt");
        await visit.PressAsync("Delete preset");
        await Expect(visit.Page.Locator(".preset-row option")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task An_error_is_shown_where_the_answer_would_be()
    {
        await using Visit visit = await Visit.StartAsync(browser, await TestServer.StartAsync(Replies.Script, engine: new EngineOptions(), maxPositions: 60));
        await visit.Question.FillAsync(string.Join(' ', Enumerable.Range(1, 200)));
        await visit.Question.PressAsync("Enter");
        await Expect(visit.LastAnswer.Locator(".state.failed")).ToContainTextAsync("maximum context length is 60 tokens");
        await visit.PressAsync("New chat");
        Assert.Contains("reply number", await visit.AskAsync("short"));
    }
}
