using System.Globalization;
using Fathom.Hub.Downloads;
using Fathom.Hub.Store;
using Microsoft.AspNetCore.Http;

namespace Fathom.Hub.Tests;

/// <summary>Servers that know no ranges, or know them now and then.</summary>
public sealed class ServerTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(120_000)]
    [InlineData(299_999)]
    public async Task A_server_without_ranges_sends_whole_files_again_when_it_breaks(int bytes)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.KnowsRanges = false;
        int breaks = 0;
        hub.BreakAfter = () => Interlocked.Increment(ref breaks) <= 2 ? bytes : null;
        using var test = new TestStore();
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task A_server_may_know_ranges_only_after_a_broken_answer()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.KnowsRanges = false;
        hub.BreakAfter = () =>
        {
            if (hub.KnowsRanges) return null;
            hub.KnowsRanges = true;
            return 120_000;
        };
        using var test = new TestStore();
        await test.PullAsync(TestStore.Options(hub), new PullSelection(["model-1*"], []));
        Assert.Equal(hub.Files["model-1.safetensors"], File.ReadAllBytes(Path.Combine(test.Store.FolderOf(test.Store.Find(TestStore.Name)!), "model-1.safetensors")));
        Assert.Equal("bytes=250000-299999", hub.Requests.Last(request => request.Range is not null && request.Range.StartsWith("bytes=25", StringComparison.Ordinal)).Range);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public async Task A_server_may_forget_ranges_in_the_middle(int wholeAnswers)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int answers = 0;
        hub.Interfere = context =>
        {
            if (context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal)) hub.KnowsRanges = Interlocked.Increment(ref answers) is var number && (number <= 4 || number > (long)wholeAnswers + 4);
            return Task.FromResult(false);
        };
        using var test = new TestStore();
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task One_whole_answer_loses_nothing_of_what_an_earlier_pull_brought()
    {
        await using TestHub hub = await TestHub.StartAsync();
        byte[] content = hub.Files["model.safetensors"] = TestHub.Random(1, 300_000);
        using var test = new TestStore();
        string path = Path.Combine(test.Store.PartialFolder, TestHub.Sha256(content) + ".part");
        using (PartialFile partial = PartialFile.Open(path, content.Length, 50_000))
        {
            for (int part = 1; part < 6; part++) partial.Write(part, content.AsSpan(part * 50_000, 50_000));
        }

        bool isFirst = true;
        hub.BreakAfter = () => 10_000;
        hub.Interfere = context =>
        {
            if (!context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal)) return Task.FromResult(false);
            hub.KnowsRanges = !isFirst;
            if (!isFirst) hub.BreakAfter = null;
            isFirst = false;
            return Task.FromResult(false);
        };
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.InRange(hub.BytesSent, 50_000, 60_000);
    }

    [Fact]
    public async Task Mirrors_with_an_ETag_each_are_one_file_when_its_hash_is_right()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int answers = 0;
        hub.Tag = _ => string.Create(CultureInfo.InvariantCulture, $"\"{Interlocked.Increment(ref answers)}\"");
        using var test = new TestStore();
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Single(hub.Requests, request => request.Path.StartsWith("/api", StringComparison.Ordinal));
        Assert.Equal(hub.Files.Values.Sum(content => content.Length), hub.BytesSent);
    }

    [Fact]
    public async Task A_large_file_that_is_linked_under_another_hash_has_changed()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context =>
        {
            if (context.Request.Path.Value!.EndsWith(".safetensors", StringComparison.Ordinal)) context.Response.Headers["X-Linked-Etag"] = $"\"{new string('9', 64)}\"";
            return Task.FromResult(false);
        };
        using var test = new TestStore();
        HubException error = await Assert.ThrowsAsync<HubException>(() => test.PullAsync(hub));
        Assert.Equal(HubProblem.Changed, error.Problem);
        Assert.Contains("its hash is another one", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, hub.Requests.Count(request => request.Path.StartsWith("/api", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Relative_redirects_keep_the_token_and_are_followed()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context => Task.FromResult(Redirected(context, $"/{TestHub.Repository}/resolve/", $"/api/resolve-cache/models/{TestHub.Repository}/"));
        using var test = new TestStore();
        await test.PullAsync(TestStore.Options(hub, token: "hf_secret"));
        test.AssertHas(hub);
        Assert.Contains(hub.Requests, request => request.Path.Contains("resolve-cache", StringComparison.Ordinal));
        Assert.All(hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Authorization));
    }

    [Fact]
    public async Task A_renamed_repository_is_pulled_under_the_name_that_was_asked_for()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context => Task.FromResult(Redirected(context, "acme/old-model", TestHub.Repository));
        using var test = new TestStore();
        using var client = new HubClient(TestStore.Options(hub, token: "hf_secret"));
        var pull = new Pull(client, test.Store);
        StoredModel model = await pull.RunAsync(await pull.PlanAsync(ModelName.Parse("acme/old-model"), PullSelection.All), PullSelection.All);
        Assert.Equal("acme/old-model", model.Repository);
        Assert.Equal(hub.Files["config.json"], File.ReadAllBytes(Path.Combine(test.Store.FolderOf(test.Store.Find(ModelName.Parse("acme/old-model"))!), "config.json")));
        Assert.All(hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Authorization));
    }

    [Fact]
    public async Task Names_of_files_and_revisions_are_escaped_on_the_way_to_the_hub()
    {
        await using TestHub hub = await TestHub.StartAsync();
        foreach (string name in (string[])["read me.txt", "größe/模型 #1 100%.bin", "a+b&c=d;e.json"]) hub.Files[name] = TestHub.Random(name.Length, 20_000 * name.Length);
        using var test = new TestStore();
        using var client = new HubClient(TestStore.Options(hub));
        var pull = new Pull(client, test.Store);
        var name2 = ModelName.Parse($"{TestHub.Repository}@refs/pr/1");
        await pull.RunAsync(await pull.PlanAsync(name2, PullSelection.All), PullSelection.All);
        StoredModel model = test.Store.Find(name2)!;
        Assert.Equal(hub.Files.Keys.Order(StringComparer.Ordinal), model.Files.Select(file => file.Path));
        Assert.All(model.Files, file => Assert.Equal(hub.Files[file.Path], File.ReadAllBytes(test.Store.PathOf(model, file))));
        Assert.Contains(hub.Requests, request => request.Path.EndsWith("/revision/refs%2Fpr%2F1", StringComparison.Ordinal));
        Assert.Null(test.Store.Find(TestStore.Name));
    }

    private static bool Redirected(HttpContext context, string from, string to)
    {
        if (!context.Request.Path.Value!.Contains(from, StringComparison.Ordinal)) return false;
        context.Response.StatusCode = 307;
        context.Response.Headers.Location = (context.Request.Path.Value.Replace(from, to, StringComparison.Ordinal) + context.Request.QueryString).Replace(" ", "%20", StringComparison.Ordinal);
        return true;
    }
}
