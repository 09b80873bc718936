using System.Collections.Concurrent;
using System.Globalization;
using Fathom.Hub.Downloads;
using Fathom.Hub.Store;

namespace Fathom.Hub.Tests;

public sealed class PullTests
{
    [Fact]
    public async Task A_pulled_model_has_all_files_in_parts_and_a_second_pull_fetches_nothing()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        var seen = new Collected();
        await test.PullAsync(TestStore.Options(hub), null, seen);
        test.AssertHas(hub);
        Assert.True(hub.Requests.Count(request => request.Path.EndsWith("model-1.safetensors", StringComparison.Ordinal)) == 6, "six parts");
        Assert.Equal(hub.Files.Values.Sum(content => content.Length), hub.BytesSent);
        Assert.Equal(seen.Last().TotalBytes, seen.Last().DoneBytes);
        Assert.Equal(4, seen.Last().DoneFiles);

        long sent = hub.BytesSent;
        await test.PullAsync(hub);
        Assert.Equal(sent, hub.BytesSent);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(49_999)]
    [InlineData(50_000)]
    [InlineData(50_001)]
    [InlineData(100_000)]
    public async Task Awkward_lengths_arrive(int bytes)
    {
        await using TestHub hub = await TestHub.StartAsync();
        hub.Files["a"] = TestHub.Random(3, bytes);
        using var test = new TestStore();
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task The_token_stays_with_the_hub_when_it_redirects()
    {
        await using TestHub hub = await TestHub.WithModelAsync(), content = await TestHub.WithModelAsync();
        hub.ContentHost = content;
        using var test = new TestStore();
        await test.PullAsync(TestStore.Options(hub, token: "hf_secret"));
        test.AssertHas(hub);
        Assert.NotEmpty(content.Requests);
        Assert.All(content.Requests, request => Assert.Null(request.Authorization));
        Assert.All(hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Authorization));
    }

    [Fact]
    public async Task An_address_that_expires_is_asked_for_again()
    {
        await using TestHub hub = await TestHub.WithModelAsync(), content = await TestHub.WithModelAsync();
        hub.ContentHost = content;
        int answers = 0;
        content.Interfere = context =>
        {
            bool isExpired = Interlocked.Increment(ref answers) % 4 == 1;
            if (isExpired) context.Response.StatusCode = 403;
            return Task.FromResult(isExpired);
        };
        using var test = new TestStore();
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Connections_that_break_at_random_places_are_taken_up_again(int seed)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        var random = new Random(seed);
        hub.BreakAfter = () => { lock (random) return random.Next(2) > 0 ? random.Next(1, 60_000) : null; };
        using var test = new TestStore();
        // On a busy machine a reset takes what was not read yet with it, so that many in a row may bring nothing.
        await test.PullAsync(TestStore.Options(hub, attempts: 14));
        test.AssertHas(hub);

        // Bytes on their way when a connection breaks are lost; nothing else is sent twice.
        Assert.InRange(hub.BytesSent, 1, 3 * hub.Files.Values.Sum(content => content.Length));
    }

    [Fact]
    public async Task A_stopped_pull_goes_on_where_it_was()
    {
        await using TestHub hub = await TestHub.WithModelAsync(600_000);
        hub.BytesPerSecond = 50_000;
        using var test = new TestStore();
        using (var stop = new CancellationTokenSource())
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.PullAsync(TestStore.Options(hub), null, new StopAt(100_000, stop), stop.Token));
        Assert.Null(test.Store.Find(TestStore.Name));
        using (var client = new HubClient(TestStore.Options(hub)))
        {
            PullPlan plan = await new Pull(client, test.Store).PlanAsync(TestStore.Name, PullSelection.All);
            Assert.InRange(plan.PresentBytes, 100_000, plan.TotalBytes - 1);
        }

        hub.BytesPerSecond = null;
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.InRange(hub.BytesSent, 1, hub.Files.Values.Sum(content => content.Length) * 3 / 2);
    }

    [Fact]
    public async Task Two_pulls_at_once_fetch_everything_once()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.BytesPerSecond = 500_000;
        using var test = new TestStore();
        var seen = new Collected();
        await Task.WhenAll(test.PullAsync(hub), test.PullAsync(TestStore.Options(hub), null, seen), test.PullAsync(hub));
        test.AssertHas(hub);
        Assert.Equal(hub.Files.Values.Sum(content => content.Length), hub.BytesSent);
    }

    [Fact]
    public async Task A_journal_of_nonsense_begins_the_file_anew()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        string path = Path.Combine(test.Store.PartialFolder, TestHub.Sha256(hub.Files["model-1.safetensors"]) + ".part");
        Directory.CreateDirectory(test.Store.PartialFolder);
        File.WriteAllBytes(path, new byte[300_000]);
        File.WriteAllBytes(path + ".journal", TestHub.Random(5, 72));
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task Partial_bytes_that_are_wrong_are_fetched_again()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        byte[] content = hub.Files["model-1.safetensors"];
        string path = Path.Combine(test.Store.PartialFolder, TestHub.Sha256(content) + ".part");
        using (PartialFile partial = PartialFile.Open(path, content.Length, 50_000)) partial.Write(2, new byte[50_000]);
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task Include_and_exclude_choose_files_and_a_later_pull_adds_the_rest()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel some = await test.PullAsync(TestStore.Options(hub), new PullSelection(["*.json", "notes/", "model-?.safetensors"], ["*-2*"]));
        Assert.Equal(["config.json", "model-1.safetensors", "notes/empty.txt"], some.Files.Select(file => file.Path).Order(StringComparer.Ordinal));
        Assert.False(test.Store.Find(TestStore.Name)!.IsWhole);
        HubException error = await Assert.ThrowsAsync<HubException>(() => test.PullAsync(TestStore.Options(hub), new PullSelection(["*.gguf"], [])));
        Assert.Contains("None of the 4 files", error.Message, StringComparison.Ordinal);

        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task A_plan_fetches_nothing_and_makes_nothing()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        using var client = new HubClient(TestStore.Options(hub));
        PullPlan plan = await new Pull(client, test.Store).PlanAsync(TestStore.Name, PullSelection.All);
        Assert.Equal(plan.TotalBytes, plan.MissingBytes);
        Assert.True(plan.FreeBytes > 0);
        Assert.Equal(0, hub.BytesSent);
        Assert.False(Directory.Exists(test.Store.Root));
    }

    [Fact]
    public async Task A_disk_that_is_too_small_is_known_before_anything_is_fetched()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        using var client = new HubClient(TestStore.Options(hub));
        var pull = new Pull(client, test.Store);
        PullPlan plan = await pull.PlanAsync(TestStore.Name, PullSelection.All);
        HubException error = await Assert.ThrowsAsync<HubException>(() => pull.RunAsync(plan with { FreeBytes = 1000 }, PullSelection.All));
        Assert.Equal(HubProblem.NoSpace, error.Problem);
        Assert.Equal(0, hub.BytesSent);
    }

    [Fact]
    public async Task A_new_commit_fetches_only_what_is_new()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        await test.PullAsync(hub);
        long sent = hub.BytesSent;
        hub.Commit = new string('d', 40);
        hub.Files["config.json"] = "{}"u8.ToArray();
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Equal(sent + 2, hub.BytesSent);
        Assert.Equal(2, test.Store.List().Count);
        Assert.Equal(new string('c', 40), test.Store.Find(ModelName.Parse($"{TestHub.Repository}@ccccccc"))!.Commit);
    }

    private sealed class StopAt(long bytes, CancellationTokenSource stop) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            if (value.DoneBytes >= bytes) stop.Cancel();
        }
    }

    private sealed class Collected : IProgress<PullProgress>
    {
        private readonly ConcurrentQueue<PullProgress> all = new();

        public void Report(PullProgress value) => all.Enqueue(value);

        public PullProgress Last() => all.Last();

        public override string ToString() => all.Count.ToString(CultureInfo.InvariantCulture);
    }
}
