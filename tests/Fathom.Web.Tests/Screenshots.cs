using Fathom.Inference;
using Fathom.Server;
using Fathom.Server.Tests;
using Fathom.Text;
using Microsoft.Playwright;

namespace Fathom.Web.Tests;

/// <summary>Draws the pictures of docs/web-chat.md. Runs when FATHOM_SCREENSHOTS=1, because pictures differ by the machine's fonts.</summary>
[Collection(nameof(BrowserTests))]
public sealed class Screenshots(Browser browser)
{
    [Theory]
    [InlineData("desktop-light", ColorScheme.Light, 1280, 800)]
    [InlineData("desktop-dark", ColorScheme.Dark, 1280, 800)]
    [InlineData("phone-light", ColorScheme.Light, 390, 780)]
    [InlineData("phone-dark", ColorScheme.Dark, 390, 780)]
    public async Task Pictures_of_the_docs(string name, ColorScheme colours, int width, int height)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("FATHOM_SCREENSHOTS") == "1", "Pictures are drawn with FATHOM_SCREENSHOTS=1 only.");
        bool isPhone = width < 760;
        var options = new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colours, Locale = "en-GB", DeviceScaleFactor = isPhone ? 2 : 1, IsMobile = isPhone, HasTouch = isPhone };
        await using Visit visit = await Visit.StartAsync(browser, await PacedAsync(), options);
        foreach (string question in (string[])["Which harbours dry out at low water?", "A table of planets", "Words for waves in Old Norse"])
        {
            await visit.AskAsync(question);
            await visit.Page.Keyboard.PressAsync("Alt+n");
            await Assertions.Expect(visit.Answers).ToHaveCountAsync(0);
        }

        if (name is "desktop-light" or "phone-light") await SaveAsync(visit, $"web-chat-welcome-{name}");
        await visit.AskAsync("What makes a tide, and which one is the highest?");
        await visit.Page.Locator(".katex-display").WaitForAsync();
        await visit.Page.Locator(".hljs-comment").WaitForAsync();
        await visit.Page.EvaluateAsync("async () => { document.querySelector('.messages').scrollTop = 0; await document.fonts.ready; }");
        await visit.Page.Mouse.MoveAsync(width - 5, height / 2);
        await visit.Page.WaitForTimeoutAsync(1500);
        await SaveAsync(visit, $"web-chat-{name}");
        if (isPhone) await visit.PressAsync("Show or hide the list");
        await visit.Page.WaitForTimeoutAsync(400);
        if (isPhone) await SaveAsync(visit, $"web-chat-list-{name}");
    }

    [Theory]
    [InlineData("desktop-light", ColorScheme.Light, 1280, 800)]
    [InlineData("phone-dark", ColorScheme.Dark, 390, 780)]
    public async Task Pictures_of_dialogs(string name, ColorScheme colours, int width, int height)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("FATHOM_SCREENSHOTS") == "1", "Pictures are drawn with FATHOM_SCREENSHOTS=1 only.");
        bool isPhone = width < 760;
        var options = new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colours, Locale = "en-GB", DeviceScaleFactor = isPhone ? 2 : 1, IsMobile = isPhone, HasTouch = isPhone };
        await using Visit visit = await Visit.ToMinnowAsync(browser, options);
        await visit.AskAsync("Ana lives in Paris. Tom lives in Oslo. Eva has a red car.\n\nWhere does Tom live?");
        foreach ((string keys, string title) in new[] { ("Alt+m", "model"), ("Alt+,", "settings"), ("Alt+h", "shortcuts") })
        {
            await visit.Page.Keyboard.PressAsync(keys);
            await visit.Page.Locator("dialog .dialog-body > *").Nth(0).WaitForAsync();
            await visit.Page.WaitForTimeoutAsync(400);
            await SaveAsync(visit, $"web-chat-{title}-{name}");
            await visit.Page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(visit.Page.Locator("dialog")).ToHaveCountAsync(0);
        }
    }

    [Theory]
    [InlineData("desktop-light", ColorScheme.Light, 1280, 800)]
    [InlineData("desktop-dark", ColorScheme.Dark, 1280, 800)]
    [InlineData("phone-light", ColorScheme.Light, 390, 780)]
    [InlineData("phone-dark", ColorScheme.Dark, 390, 780)]
    public async Task Pictures_of_documents(string name, ColorScheme colours, int width, int height)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("FATHOM_SCREENSHOTS") == "1", "Pictures are drawn with FATHOM_SCREENSHOTS=1 only.");
        bool isPhone = width < 760;
        var options = new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colours, Locale = "en-GB", DeviceScaleFactor = isPhone ? 2 : 1, IsMobile = isPhone, HasTouch = isPhone };
        await using Visit visit = await Visit.StartAsync(browser, await PacedAsync(Papers.Script), options);
        await Papers.AttachAsync(visit, Papers.LeaseFile, new FilePayload { Name = "rules.docx", MimeType = "application/octet-stream", Buffer = Documents.Tests.Files.Docx() }, new FilePayload { Name = "scan.pdf", MimeType = "application/pdf", Buffer = Documents.Tests.Files.Pdf([]) });
        await visit.Page.Locator(".fit").WaitForAsync();
        await SaveAsync(visit, $"web-chat-attached-{name}");
        await visit.AskAsync("What is the rent, and when may it be raised?");
        await visit.Page.WaitForTimeoutAsync(1500);
        if (isPhone) await SaveAsync(visit, $"web-chat-answer-{name}");
        await visit.LastAnswer.Locator(".citation").First.ClickAsync();
        await visit.Page.Locator("#source .is-cited").First.WaitForAsync();
        await visit.Page.WaitForTimeoutAsync(400);
        await SaveAsync(visit, $"web-chat-source-{name}");
    }

    // Its answers are made up, but it takes as long for a token as a model of some size.
    private static Task<TestServer> PacedAsync(Func<string, string>? script = null) => TestServer.StartAsync(
        new FathomModel(new PacedModel(TestServer.Scripted(script ?? Replies.Script), TimeSpan.FromMilliseconds(22)), TestServer.Tokenizer, ChatFormat.Release),
        new ServerOptions { ModelId = "example-model" });

    private static Task<byte[]> SaveAsync(Visit visit, string name) =>
        visit.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Repository.PathOf("docs", "images", name + ".png"), Animations = ScreenshotAnimations.Disabled, Caret = ScreenshotCaret.Hide });
}
