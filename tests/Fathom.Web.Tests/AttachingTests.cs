using System.Text.Json.Nodes;
using Fathom.Documents;
using Fathom.Documents.Tests;
using Microsoft.Playwright;
using static Fathom.Web.Tests.Papers;
using static Microsoft.Playwright.Assertions;

namespace Fathom.Web.Tests;

/// <summary>Ways to the page that only a browser's own events have, and what is said of files that are left out.</summary>
[Collection(nameof(BrowserTests))]
public sealed class AttachingTests(Browser browser)
{
    [Fact]
    public async Task A_folder_that_is_dropped_is_walked()
    {
        using TemporaryFolder folder = new();
        folder.Write("project/a.md", "Ana lives in Paris.");
        folder.Write("project/deep/er/b.md", "Tom lives in Oslo.");
        folder.Write("project/node_modules/c.js", "c");

        // More than a browser hands out at once.
        for (int i = 0; i < 150; i++) folder.Write($"project/note{i:000}.txt", $"Note {i}.");

        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        await DropAsync(visit, folder["project"]);
        await Expect(visit.Page.Locator(".file.attached")).ToContainTextAsync("project");
        await visit.Page.Locator(".left-out summary").ClickAsync();
        await Expect(visit.Page.Locator(".left-out li")).ToContainTextAsync(["project/node_modules"]);
        await visit.AskAsync("Who lives where?");
        string[] read = [.. (await MessagesAsync(visit))[0]!["documents"]!.AsArray().Select(one => one!["path"]!.GetValue<string>())];
        Assert.Equal(152, read.Length);
        Assert.Contains("project/deep/er/b.md", read);
        Assert.Contains("project/note149.txt", read);
    }

    [Fact]
    public async Task Why_a_file_was_left_out_is_said_in_the_reader_s_language()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script, new BrowserNewContextOptions { Locale = "de-DE" });
        await visit.Page.SetInputFilesAsync("#attach-file", new FilePayload { Name = "secret.pdf", MimeType = "application/pdf", Buffer = RawPdf.Encrypted() });
        ILocator item = visit.Page.Locator(".left-out li");
        await Expect(item).ToHaveTextAsync("Mit Passwort secret.pdf is a PDF file with a password; open it, save it without one, and try again.");
        await Expect(item.Locator("[lang=en]")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Every_reason_has_its_word()
    {
        await using Visit visit = await Visit.ToScriptAsync(browser, Script);
        string words = await visit.Page.EvaluateAsync<string>("async () => await (await fetch('/web/files/lang/en.json')).text()");
        Assert.All(Enum.GetNames<SkipReason>(), reason => Assert.Contains($"why_{System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(reason)}", JsonNode.Parse(words)!.AsObject().Select(word => word.Key)));
    }

    // As the system would: the page sees entries of a file system, which a script cannot make.
    private static async Task DropAsync(Visit visit, string path)
    {
        ICDPSession browser = await visit.Page.Context.NewCDPSessionAsync(visit.Page);
        var data = new Dictionary<string, object> { ["items"] = Array.Empty<object>(), ["files"] = new[] { path }, ["dragOperationsMask"] = 1 };
        foreach (string type in (string[])["dragEnter", "dragOver", "drop"])
            await browser.SendAsync("Input.dispatchDragEvent", new Dictionary<string, object> { ["type"] = type, ["x"] = 400, ["y"] = 300, ["data"] = data });
    }
}
