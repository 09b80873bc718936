using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Fathom.Hub.Downloads;
using Microsoft.AspNetCore.Http;

namespace Fathom.Hub.Tests;

/// <summary>Hubs that ask to be left alone, and lines that are down for a while.</summary>
public sealed class PatienceTests
{
    [Theory]
    [InlineData("\"resolvers\";r=0;t=120", null, 120)]
    [InlineData("\"api\";r=7;t=250, \"resolvers\";r=0;t=30", null, 30)]
    [InlineData("\"api\"; r=0; t=250, \"resolvers\";r=0;t=30", "40", 250)]
    [InlineData("\"api\";r=0;t=2", "40", 40)]
    [InlineData("\"api\";r=12;t=60", null, null)]
    [InlineData("nonsense;r=0;t=-1,;;=", null, null)]
    [InlineData("\"api\";r=0;t=99999999999999999999", null, null)]
    [InlineData(null, "Thu, 01 Jan 1970 00:00:00 GMT", 0)]
    [InlineData(null, null, null)]
    public void The_longest_wait_that_a_hub_names_counts(string? rateLimit, string? retryAfter, int? seconds)
    {
        using var response = new HttpResponseMessage();
        HttpResponseHeaders headers = response.Headers;
        if (rateLimit is not null) headers.TryAddWithoutValidation("RateLimit", rateLimit);
        if (retryAfter is not null) headers.TryAddWithoutValidation("Retry-After", retryAfter);
        Assert.Equal(seconds, (int?)AskedWait.Of(headers)?.TotalSeconds);
    }

    [Fact]
    public async Task One_refusal_has_all_connections_wait_and_the_person_is_told()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int answers = 0;
        hub.Interfere = context =>
        {
            bool isRefused = context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal) && Interlocked.Increment(ref answers) == 7;
            if (!isRefused) return Task.FromResult(false);
            context.Response.StatusCode = 429;
            context.Response.Headers["RateLimit"] = "\"resolvers\";r=0;t=4";
            context.Response.Headers["RateLimit-Policy"] = "\"fixed window\";\"resolvers\";q=6;w=300";
            return Task.FromResult(true);
        };
        using var test = new TestStore();
        var notices = new ConcurrentQueue<(string Notice, bool IsPaused)>();
        using (var client = new HubClient(TestStore.Options(hub)))
        {
            client.Notice = notice => notices.Enqueue((notice, !client.Pauses.WaitAsync(hub.Address.Authority, default).IsCompleted));
            var pull = new Pull(client, test.Store);
            await pull.RunAsync(await pull.PlanAsync(TestStore.Name, PullSelection.All), PullSelection.All);
        }

        test.AssertHas(hub);
        Assert.Equal(("127.0.0.1 is busy (429) and asks to wait; trying again in 4 s", true), Assert.Single(notices));

        // One for the small file, six and seven for the parts of the large ones, and the refused one again.
        Assert.Equal(15, answers);
    }

    [Fact]
    public async Task A_host_that_is_to_be_left_alone_is_not_asked()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var client = new HubClient(TestStore.Options(hub));
        client.Pauses.Extend(hub.Address.Authority, TimeSpan.FromHours(1));
        client.Pauses.Extend(hub.Address.Authority, TimeSpan.Zero);
        using var stop = new CancellationTokenSource();
        Task<HubListing> list = client.ListAsync(TestStore.Name, stop.Token);
        await Task.Delay(200);
        Assert.Empty(hub.Requests);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => list);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_hub_that_stays_busy_ends_the_pull_and_what_came_is_kept(int status)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int answers = 0;
        hub.Interfere = context =>
        {
            bool isBusy = context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal) && Interlocked.Increment(ref answers) > 6;
            if (isBusy) context.Response.StatusCode = status;
            return Task.FromResult(isBusy);
        };
        using var test = new TestStore();
        HubException error = await Assert.ThrowsAsync<HubException>(() => test.PullAsync(hub));
        Assert.Equal(HubProblem.Busy, error.Problem);
        Assert.Contains($"is busy ({status}), 4 times in a row; pull again later, what is here is kept.", error.Message, StringComparison.Ordinal);
        hub.Interfere = null;
        long sent = hub.BytesSent;
        Assert.True(sent > 0);
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.True(hub.BytesSent - sent < hub.Files.Values.Sum(content => content.Length));
    }

    [Fact]
    public async Task A_line_that_is_down_after_the_first_answer_is_waited_for()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int failures = 0;
        hub.Interfere = context =>
        {
            bool isDown = context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal) && Interlocked.Increment(ref failures) <= 24;
            if (isDown) context.Abort();
            return Task.FromResult(isDown);
        };
        using var test = new TestStore();
        var options = new HubOptions { Endpoint = hub.Address, PartBytes = 50_000, MaxAttempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1), OutagePatience = TimeSpan.FromMinutes(1) };
        await test.PullAsync(options);
        test.AssertHas(hub);
    }
}
