using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Fathom.Server;
using Fathom.Server.Tests;
using Microsoft.Playwright;

namespace Fathom.Web.Tests;

/// <summary>Somebody with a browser at a running server. At the end nothing may have gone wrong unnoticed: no error of a script, no breach of the page's policy, no request to any other host.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> complaints = [];
    private readonly IBrowserContext context;
    private readonly bool ownsServer;

    private Visit(TestServer server, IBrowserContext context, IPage page, bool ownsServer)
    {
        Server = server;
        this.context = context;
        Page = page;
        this.ownsServer = ownsServer;
    }

    public TestServer Server { get; }

    public IPage Page { get; }

    public IBrowserContext Context => context;

    /// <summary>Complaints that a test expects and takes out of the way.</summary>
    public Regex? Expected { get; set; }

    public ILocator Question => Page.Locator("#question");

    public ILocator Answers => Page.Locator("article.answer");

    public ILocator LastAnswer => Answers.Last;

    /// <summary>Opens the page of a server, which is a visit's own unless the test keeps it.</summary>
    public static async Task<Visit> StartAsync(Browser browser, TestServer server, BrowserNewContextOptions? options = null, bool ownsServer = true, bool waits = true)
    {
        IBrowserContext context;
        try
        {
            context = await browser.OpenAsync(options ?? new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 800 }, Locale = "en-GB" });
        }
        catch
        {
            if (ownsServer) await server.DisposeAsync();
            throw;
        }

        context.SetDefaultTimeout(30_000);
        IPage page = await context.NewPageAsync();
        var visit = new Visit(server, context, page, ownsServer);
        string own = server.Address.Authority;
        context.Request += (_, request) =>
        {
            if (Uri.TryCreate(request.Url, UriKind.Absolute, out Uri? uri) && uri.Scheme is not ("data" or "blob" or "about") && uri.Authority != own) visit.complaints.Enqueue($"a request to {request.Url}");
        };
        page.PageError += (_, error) => visit.complaints.Enqueue($"an error: {error}");
        page.Dialog += (_, dialog) =>
        {
            visit.complaints.Enqueue($"a dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") visit.complaints.Enqueue($"the console: {message.Text}");
        };
        await page.GotoAsync(server.Address.ToString());
        if (waits) await visit.Question.WaitForAsync();
        return visit;
    }

    /// <summary>A visit at Minnow's server.</summary>
    public static async Task<Visit> ToMinnowAsync(Browser browser, BrowserNewContextOptions? options = null, ServerOptions? server = null) =>
        await StartAsync(browser, await TestServer.StartBuiltInAsync(server ?? new ServerOptions { ModelId = "minnow", ThinksByDefault = false }), options);

    /// <summary>A visit at a server whose model says what a script decides from the prompt.</summary>
    public static async Task<Visit> ToScriptAsync(Browser browser, Func<string, string> script, BrowserNewContextOptions? options = null, ServerOptions? server = null) =>
        await StartAsync(browser, await TestServer.StartAsync(script, server), options);

    /// <summary>Asks and waits for the whole answer.</summary>
    public async Task<string> AskAsync(string text)
    {
        await Assertions.Expect(Page.Locator("dialog")).ToHaveCountAsync(0);
        await Question.FillAsync(text);
        await Question.PressAsync("Enter");
        await Assertions.Expect(Page.Locator("article.question .bubble").Last).ToHaveTextAsync(text);
        await WaitAsync();
        return await TextAsync();
    }

    /// <summary>Waits until nothing is being written and every formula is drawn.</summary>
    public async Task WaitAsync()
    {
        await Assertions.Expect(Page.Locator("article.answer[aria-busy=true], p.waiting")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = 60_000 });
        await Assertions.Expect(Page.Locator(".markdown .formula:not(:has(.katex), .bad)")).ToHaveCountAsync(0);
    }

    /// <summary>The text of the last answer.</summary>
    public async Task<string> TextAsync() => (await LastAnswer.Locator(".markdown").InnerTextAsync()).Trim();

    /// <summary>Presses a button by its label.</summary>
    public Task PressAsync(string label, ILocator? within = null) =>
        (within is null ? Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = label, Exact = true }) : within.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = label, Exact = true })).First.ClickAsync();

    /// <summary>What has gone wrong so far.</summary>
    public IReadOnlyList<string> Complaints => [.. complaints.Where(one => Expected?.IsMatch(one) != true)];

    public async ValueTask DisposeAsync()
    {
        await context.DisposeAsync();
        if (ownsServer) await Server.DisposeAsync();
        Assert.Empty(Complaints);
    }
}
