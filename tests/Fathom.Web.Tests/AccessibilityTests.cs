using System.Text.Json;
using Fathom.Server;
using Microsoft.Playwright;

namespace Fathom.Web.Tests;

/// <summary>axe-core looks at the page in its states and finds nothing serious.</summary>
[Collection(nameof(BrowserTests))]
public sealed class AccessibilityTests(Browser browser)
{
    private static readonly string Axe = File.ReadAllText(Repository.PathOf("tests", "Fathom.Web.Tests", "vendor", "axe-core", "axe.js"));

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 360)]
    [InlineData(ColorScheme.Dark, 360)]
    public async Task Nothing_serious_is_found(ColorScheme colours, int width)
    {
        var options = new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = 800 }, ColorScheme = colours, Locale = "en-GB", ReducedMotion = ReducedMotion.Reduce, BypassCSP = true };
        await using Visit visit = await Visit.ToScriptAsync(browser, Papers.Script, options, new ServerOptions());
        await CheckAsync(visit, "the empty page");
        await visit.AskAsync("the tide");
        await visit.PressAsync("Answer again", visit.LastAnswer);
        await visit.WaitAsync();
        await visit.Page.Locator(".thinking summary").ClickAsync();
        await Assertions.Expect(visit.Page.Locator(".katex")).ToHaveCountAsync(2);
        await CheckAsync(visit, "a conversation");
        await Papers.AttachAsync(visit, Papers.LeaseFile, Papers.Paper("photo.png", "\u0001\u0002\0"));
        await CheckAsync(visit, "attached documents");
        await visit.Page.Keyboard.PressAsync("Alt+e");
        await CheckAsync(visit, "the editor");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.AskAsync("What is the rent?");
        await Assertions.Expect(visit.Page.Locator(".sources li").First).ToBeVisibleAsync();
        await CheckAsync(visit, "an answer with sources");
        await visit.LastAnswer.Locator(".citation").First.ClickAsync();
        await Assertions.Expect(visit.Page.Locator("#source .is-cited").First).ToBeVisibleAsync();
        await CheckAsync(visit, "an open source");
        await visit.Page.Keyboard.PressAsync("Escape");
        foreach (string keys in (string[])["Alt+,", "Alt+m", "Alt+h"])
        {
            await visit.Page.Keyboard.PressAsync(keys);
            await visit.Page.Locator("dialog .dialog-body > *").First.WaitForAsync();
            await CheckAsync(visit, $"the dialog of {keys}");
            await visit.Page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(visit.Page.Locator("dialog")).ToHaveCountAsync(0);
        }

        await visit.PressAsync("System prompt");
        await CheckAsync(visit, "the system prompt");
        await visit.Page.Keyboard.PressAsync("Escape");
        if (width < 760) await visit.PressAsync("Show or hide the list");
        await visit.Page.Locator("#sidebar .menu button").First.ClickAsync();
        await CheckAsync(visit, "a menu");
    }

    private static async Task CheckAsync(Visit visit, string state)
    {
        await visit.Page.EvaluateAsync(Axe);
        JsonElement result = await visit.Page.EvaluateAsync<JsonElement>("async () => (await axe.run()).violations.map(one => `${one.impact} ${one.id}: ${one.nodes.map(node => node.target.join(' ') + ' ' + (node.any[0]?.message ?? '')).slice(0, 3).join('; ')}`)");
        string[] found = [.. result.EnumerateArray().Select(one => one.GetString()!).Where(one => !one.StartsWith("minor", StringComparison.Ordinal))];
        Assert.True(found.Length == 0, $"{state}:\n{string.Join('\n', found)}");
    }
}
