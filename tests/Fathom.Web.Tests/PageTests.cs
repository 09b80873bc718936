using System.Text.Json.Nodes;
using Fathom.Server;
using Fathom.Server.Access;
using Fathom.Server.Tests;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Fathom.Web.Tests;

/// <summary>The page around the conversation: looks, languages, keys, phones, signing in, and being installed.</summary>
[Collection(nameof(BrowserTests))]
public sealed class PageTests(Browser browser)
{
    [Fact]
    public async Task The_model_page_shows_layers_and_memory()
    {
        await using Visit visit = await Visit.ToMinnowAsync(browser);
        await visit.PressAsync("Model");
        ILocator dialog = visit.Page.Locator("dialog");
        await Expect(dialog.Locator(".layers .layer")).ToHaveCountAsync(5);
        await Expect(dialog.Locator(".legend")).ToContainTextAsync("2 × CSA");
        await Expect(dialog.Locator(".legend")).ToContainTextAsync("1 × HCA");
        await Expect(dialog).ToContainTextAsync("3.9M");
        await Expect(dialog).ToContainTextAsync("4.5 MiB");
        await Expect(dialog).ToContainTextAsync("This process");
        await Expect(dialog).ToContainTextAsync("fit into memory");
    }

    [Fact]
    public async Task The_model_page_shows_what_comes_from_disk()
    {
        using TemporaryFolder folder = new();
        await using Visit visit = await Visit.StartAsync(browser, await TestServer.StartAsync(StreamedModel.Open(folder.Path), new ServerOptions { MaxAnswerTokens = 8, ThinksByDefault = false }));
        await visit.Question.FillAsync("Hello");
        await visit.Question.PressAsync("Enter");
        await Expect(visit.LastAnswer).ToBeVisibleAsync();
        await visit.WaitAsync();
        await visit.PressAsync("Model");
        ILocator dialog = visit.Page.Locator("dialog");
        await Expect(dialog).ToContainTextAsync("experts are read from disk as they are needed");
        await Expect(dialog).ToContainTextAsync("Room for experts");
        await Expect(dialog).ToContainTextAsync("were in memory");
        await Expect(dialog).ToContainTextAsync("Threads");
    }

    [Fact]
    public async Task Colours_and_language_are_chosen_and_kept()
    {
        await using Visit visit = await Visit.ToMinnowAsync(browser);
        string light = await GroundAsync(visit);
        await visit.PressAsync("Dark");
        Assert.NotEqual(light, await GroundAsync(visit));
        await visit.PressAsync("Settings");
        await visit.Page.GetByLabel("Language").SelectOptionAsync("de");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Einstellungen" })).ToBeVisibleAsync();
        await visit.PressAsync("Fertig");
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator("html")).ToHaveAttributeAsync("lang", "de");
        await Expect(visit.Question).ToHaveAttributeAsync("placeholder", "Fragen Sie etwas");
        Assert.NotEqual(light, await GroundAsync(visit));
    }

    [Fact]
    public async Task A_german_browser_gets_german_words()
    {
        await using Visit visit = await Visit.ToMinnowAsync(browser, new BrowserNewContextOptions { Locale = "de-AT", ColorScheme = ColorScheme.Dark });
        await Expect(visit.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Neues Gespräch" }).First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Everything_works_from_the_keyboard()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        IKeyboard keys = visit.Page.Keyboard;
        await Expect(visit.Question).ToBeFocusedAsync();
        await keys.TypeAsync("first");
        await keys.PressAsync("Shift+Enter");
        await keys.TypeAsync("line");
        await keys.PressAsync("Enter");
        await Expect(visit.Page.Locator(".bubble")).ToHaveTextAsync("first\nline");
        await visit.WaitAsync();
        await keys.PressAsync("Alt+n");
        await Expect(visit.Answers).ToHaveCountAsync(0);
        await Expect(visit.Question).ToBeFocusedAsync();
        await keys.TypeAsync("second");
        await keys.PressAsync("Enter");
        await Expect(visit.Answers).ToHaveCountAsync(1);
        await visit.WaitAsync();
        await keys.PressAsync("Alt+ArrowDown");
        await Expect(visit.Page.Locator(".bubble")).ToHaveTextAsync("first\nline");
        await keys.PressAsync("Alt+r");
        await Expect(visit.LastAnswer.Locator(".branches")).ToContainTextAsync("2 / 2");
        await visit.WaitAsync();
        await keys.PressAsync("Alt+b");
        await Expect(visit.Page.Locator("#sidebar")).ToBeHiddenAsync();
        await keys.PressAsync("Alt+k");
        await Expect(visit.Page.Locator("#search")).ToBeFocusedAsync();
        await keys.PressAsync("Alt+h");
        await Expect(visit.Page.Locator("dialog .shortcuts")).ToContainTextAsync("Answer again");
        await keys.PressAsync("Escape");
        await Expect(visit.Page.Locator("dialog")).ToHaveCountAsync(0);
        await Expect(visit.Page.Locator("#search")).ToBeFocusedAsync();

        // A menu opens, moves and closes by keys, and the focus can be seen on its way.
        await keys.PressAsync("Tab");
        await keys.PressAsync("Tab");
        await keys.PressAsync("Enter");
        await Expect(visit.Page.GetByRole(AriaRole.Menuitem, new PageGetByRoleOptions { Name = "Rename" })).ToBeFocusedAsync();
        await keys.PressAsync("ArrowDown");
        await Expect(visit.Page.GetByRole(AriaRole.Menuitem, new PageGetByRoleOptions { Name = "Export as Markdown" })).ToBeFocusedAsync();
        await keys.PressAsync("Escape");
        Assert.Equal("solid", await visit.Page.EvaluateAsync<string>("() => getComputedStyle(document.activeElement).outlineStyle"));
    }

    [Fact]
    public async Task A_phone_of_360_pixels_has_room_for_all()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script, new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 360, Height = 640 }, HasTouch = true, IsMobile = true, Locale = "de-DE" });
        await visit.AskAsync("the tide");
        await AssertFitsAsync(visit);
        await Expect(visit.Page.Locator("#sidebar")).ToBeHiddenAsync();
        await visit.PressAsync("Liste ein- oder ausblenden");
        await Expect(visit.Page.Locator("#sidebar")).ToBeVisibleAsync();
        await AssertFitsAsync(visit);
        foreach (string name in (string[])["Einstellungen", "Modell", "Tastenkürzel"])
        {
            await visit.PressAsync(name, visit.Page.Locator("#sidebar"));
            await Expect(visit.Page.Locator("dialog")).ToBeVisibleAsync();
            await AssertFitsAsync(visit);
            Assert.True(await visit.Page.EvaluateAsync<bool>("() => { const body = document.querySelector('.dialog-body'); return body.scrollWidth <= body.clientWidth; }"), name);
            await visit.Page.Keyboard.PressAsync("Escape");
            await Expect(visit.Page.Locator("dialog")).ToHaveCountAsync(0);
        }

        await visit.Page.Locator("#sidebar .chat").First.ClickAsync();
        await Expect(visit.Page.Locator("#sidebar")).ToBeHiddenAsync();
        await visit.PressAsync("Liste ein- oder ausblenden");
        await visit.Page.Locator(".curtain").ClickAsync(new LocatorClickOptions { Position = new Position { X = 350, Y = 300 } });
        await Expect(visit.Page.Locator("#sidebar")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Who_needs_a_key_signs_in_and_out()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fathom-web");
        try
        {
            string file = Path.Combine(folder.FullName, "keys.json"), key = KeyFile.Add(file, new ApiKey { Name = "Ada", Sha256 = string.Empty });
            await using Visit visit = await Visit.StartAsync(browser, await TestServer.StartAsync(Replies.Script, new ServerOptions { KeysFile = file, ThinksByDefault = false }), waits: false);
            visit.Expected = new System.Text.RegularExpressions.Regex("401");
            await visit.Page.GetByLabel("API key").FillAsync("wrong");
            await visit.PressAsync("Sign in");
            await Expect(visit.Page.Locator("#login-error")).ToContainTextAsync("not known here");
            await visit.Page.GetByLabel("API key").FillAsync(key);
            await visit.PressAsync("Sign in");
            await visit.Question.WaitForAsync();
            await visit.AskAsync("hello");
            await visit.Page.ReloadAsync();
            await Expect(visit.Answers).ToHaveCountAsync(1);
            Assert.Equal(string.Empty, await visit.Page.EvaluateAsync<string>("() => document.cookie"));
            await visit.PressAsync("Sign out");
            await Expect(visit.Page.GetByLabel("API key")).ToBeVisibleAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_page_can_be_installed_and_opens_without_the_server()
    {
        TestServer server = await TestServer.StartAsync(Replies.Script);
        await using Visit visit = await Visit.StartAsync(browser, server, ownsServer: false);
        await visit.Page.EvaluateAsync("async () => { await navigator.serviceWorker.ready; }");
        await visit.Page.ReloadAsync();
        await visit.AskAsync("hello");
        JsonObject manifest = await server.GetAsync("/web/files/manifest.webmanifest");
        foreach (JsonNode? icon in manifest["icons"]!.AsArray())
        {
            using HttpResponseMessage response = await server.Http.GetAsync($"/web/files/{icon!["src"]}");
            Assert.Equal((System.Net.HttpStatusCode.OK, icon["type"]!.GetValue<string>()), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        }

        visit.Expected = new System.Text.RegularExpressions.Regex("Failed to load resource|ERR_");
        await visit.Context.SetOfflineAsync(true);
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator(".statusbar")).ToHaveTextAsync("The server cannot be reached.");
        await visit.Context.SetOfflineAsync(false);
        await Expect(visit.Page.Locator(".statusbar")).ToContainTextAsync("Model", new LocatorAssertionsToContainTextOptions { Timeout = 20_000 });
        await server.DisposeAsync();
    }

    private static Task<string> GroundAsync(Visit visit) => visit.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");

    private static async Task AssertFitsAsync(Visit visit) =>
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "something is wider than the screen");
}
