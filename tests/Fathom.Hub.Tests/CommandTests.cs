namespace Fathom.Hub.Tests;

/// <summary>What people type: choosing files, the environment, imports and pruning.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task The_environment_names_hub_and_token_and_can_forbid_both()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        Dictionary<string, string> environment = new() { ["HF_ENDPOINT"] = hub.Address.AbsoluteUri, ["HF_TOKEN"] = " hf_mine\n" };
        (int exitCode, _, string error) = await FathomCommand.RunWithAsync(new(environment) { ["HF_HUB_OFFLINE"] = "1" }, test, "pull", TestHub.Repository);
        Assert.Equal(1, exitCode);
        Assert.Contains("HF_HUB_OFFLINE is set", error, StringComparison.Ordinal);
        Assert.Empty(hub.Requests);

        (exitCode, string output, error) = await FathomCommand.RunWithAsync(environment, test, "pull", TestHub.Repository, "--include", "*.json", "--include", "notes/");
        Assert.True(exitCode == 0, error);
        Assert.All(hub.Requests, request => Assert.Equal("Bearer hf_mine", request.Authorization));
        Assert.Equal(["config.json", "notes"], Directory.GetFileSystemEntries(output.Trim()).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("chosen files", (await FathomCommand.RunAsync(test, "models", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cache_is_found_imported_by_revision_and_one_damaged_model_does_not_stop_the_others()
    {
        using var test = new TestStore();
        TestCache.Make(test);
        (_, string damaged, _) = TestCache.Make(test, "acme/a-damaged-one");
        File.WriteAllBytes(damaged, new byte[5]);
        Dictionary<string, string> environment = new() { ["HOME"] = test.Folder, ["HF_HOME"] = "~/hub-home" };
        (int exitCode, string output, string error) = await FathomCommand.RunWithAsync(environment, test, "models", "import", TestHub.Repository + "@v2.0");
        Assert.Equal(1, exitCode);
        Assert.Contains("has no acme/tiny-model@v2.0", error, StringComparison.Ordinal);

        (exitCode, output, error) = await FathomCommand.RunWithAsync(environment, test, "models", "import");
        Assert.Equal(1, exitCode);
        Assert.Contains("acme/a-damaged-one: ", error, StringComparison.Ordinal);
        Assert.Contains("1 of 2 models were not taken over", error, StringComparison.Ordinal);
        Assert.Contains("acme/tiny-model: 2 files", output, StringComparison.Ordinal);

        (exitCode, output, error) = await FathomCommand.RunAsync(test, "models", "import", TestHub.Repository + "@v1.0", "--from", Path.Combine(test.Folder, "hub-home", "hub"));
        Assert.True(exitCode == 0, error);
        Assert.Contains("All 2 files", (await FathomCommand.RunAsync(test, "models", "verify", TestHub.Repository + "@refs/pr/1")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pruning_says_how_much_is_free_again()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        await test.PullAsync(hub);
        File.WriteAllBytes(test.Store.BlobPath(new string('e', 64)), new byte[5_000_000]);
        (int exitCode, string output, string error) = await FathomCommand.RunAsync(test, "models", "prune");
        Assert.True(exitCode == 0, error);
        Assert.Contains("5.00 MB free again", output, StringComparison.Ordinal);
        test.AssertHas(hub);
    }

    [Fact]
    public void A_token_file_is_read_for_its_own_hub_and_named_as_the_source()
    {
        using var test = new TestStore();
        string file = Path.Combine(test.Folder, "token");
        File.WriteAllText(file, "hf_file\n");
        string? before = Environment.GetEnvironmentVariable("HF_TOKEN");
        Environment.SetEnvironmentVariable("HF_TOKEN", null);
        Environment.SetEnvironmentVariable("HF_TOKEN_PATH", file);
        try
        {
            var options = HubOptions.FromEnvironment(HubOptions.DefaultEndpoint.AbsoluteUri);
            Assert.Equal(("hf_file", file), (options.Token, options.TokenSource));
            Assert.Null(HubOptions.FromEnvironment("http://mirror.example").Token);
            File.WriteAllText(file, "two words");
            Assert.StartsWith(file, Assert.Throws<ArgumentException>(() => HubOptions.FromEnvironment(HubOptions.DefaultEndpoint.AbsoluteUri)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_TOKEN", before);
            Environment.SetEnvironmentVariable("HF_TOKEN_PATH", null);
        }
    }
}
