using Fathom.Server;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Fathom.Web.Tests;

/// <summary>The list of conversations: search, rename, delete, out and in again.</summary>
[Collection(nameof(BrowserTests))]
public sealed class ListTests(Browser browser)
{
    [Fact]
    public async Task Conversations_are_found_renamed_and_deleted()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script);
        await visit.AskAsync("the Ärmelkanal");
        await visit.PressAsync("New chat");
        await visit.AskAsync("something else");
        ILocator titles = visit.Page.Locator(".chat-title");
        await Expect(titles).ToHaveTextAsync(["something else", "the Ärmelkanal"]);
        await visit.Page.Locator("#search").FillAsync("ärmel");
        await Expect(titles).ToHaveTextAsync(["the Ärmelkanal"]);
        await titles.First.ClickAsync();
        await Expect(visit.Page.Locator(".bubble")).ToHaveTextAsync("the Ärmelkanal");
        await visit.Page.Locator("#search").FillAsync("");
        await Expect(titles).ToHaveCountAsync(2);

        await PickAsync(visit, "the Ärmelkanal", "Rename");
        await visit.Page.GetByLabel("Title").FillAsync("Channel");
        await visit.Page.GetByLabel("Title").PressAsync("Enter");
        await Expect(titles).ToHaveTextAsync(["something else", "Channel"]);
        await Expect(visit.Page.Locator("h1.title")).ToHaveTextAsync("Channel");

        await PickAsync(visit, "something else", "Delete");
        await Expect(visit.Page.Locator("dialog")).ToContainTextAsync("“something else” will be deleted");
        await visit.PressAsync("Delete", visit.Page.Locator("dialog"));
        await Expect(titles).ToHaveTextAsync(["Channel"]);
    }

    [Theory]
    [InlineData("Export as Markdown", ".md")]
    [InlineData("Export as JSON", ".json")]
    public async Task An_exported_conversation_comes_back(string action, string ending)
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Replies.Script, server: new ServerOptions());
        string answer = await visit.AskAsync("the tide");
        IDownload download = await visit.Page.RunAndWaitForDownloadAsync(() => PickAsync(visit, "the tide", action));
        Assert.Equal("the tide" + ending, download.SuggestedFilename);
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ending);
        await download.SaveAsAsync(file);
        try
        {
            await PickAsync(visit, "the tide", "Delete");
            await visit.PressAsync("Delete", visit.Page.Locator("dialog"));
            await Expect(visit.Page.Locator(".chat-title")).ToHaveCountAsync(0);
            await visit.Page.SetInputFilesAsync("#import-file", file);
            await Expect(visit.Page.Locator(".chat-title")).ToHaveTextAsync(["the tide"]);
            await Expect(visit.LastAnswer).ToContainTextAsync("A tide follows the Moon.");
            await Expect(visit.Page.Locator(".thoughts")).ToHaveTextAsync(Replies.Thought);
            await Expect(visit.Page.Locator(".katex-display")).ToHaveCountAsync(1);
            Assert.Equal(answer, await visit.TextAsync());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task PickAsync(Visit visit, string title, string action)
    {
        await visit.Page.Locator("#sidebar li").Filter(new LocatorFilterOptions { HasText = title }).HoverAsync();
        await visit.Page.Locator("#sidebar").GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = $"Actions for “{title}”" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Menuitem, new PageGetByRoleOptions { Name = action }).ClickAsync();
    }
}
