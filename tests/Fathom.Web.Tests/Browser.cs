using Microsoft.Playwright;

namespace Fathom.Web.Tests;

/// <summary>The machine's own Chromium, started once. Where there is none the tests say so and are skipped.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Names = OperatingSystem.IsWindows() ? ["chrome.exe", "msedge.exe"] : ["chromium", "chromium-browser", "google-chrome", "microsoft-edge"];

    private IPlaywright? playwright;
    private IBrowser? browser;
    private string? missing;

    /// <summary>Starts it.</summary>
    public async ValueTask InitializeAsync()
    {
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (path is null)
        {
            missing = "The web chat's page is tested with Chromium, and there is none in the PATH (Debian: apt-get install chromium).";
            return;
        }

        try
        {
            playwright = await Playwright.CreateAsync();

            // Machines that are busy with other tests are slow.
            Assertions.SetDefaultExpectTimeout(20_000);
        }
        catch (PlaywrightException exception)
        {
            missing = $"The web chat's page is tested through Playwright, whose driver does not start here: {exception.Message}";
            return;
        }

        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = ["--no-sandbox", "--disable-gpu"] });
    }

    /// <summary>A browser of its own, with no memory of other tests.</summary>
    public Task<IBrowserContext> OpenAsync(BrowserNewContextOptions options)
    {
        if (missing is not null) Assert.Skip(missing);
        return browser!.NewContextAsync(options);
    }

    /// <summary>Closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }
}

/// <summary>All tests of the page share one browser and take turns.</summary>
[CollectionDefinition(nameof(BrowserTests))]
public sealed class BrowserTests : ICollectionFixture<Browser>;
