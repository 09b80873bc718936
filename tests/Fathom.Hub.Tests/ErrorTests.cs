using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fathom.Hub.Downloads;
using Microsoft.AspNetCore.Http;

namespace Fathom.Hub.Tests;

public sealed class ErrorTests
{
    [Theory]
    [InlineData(401, null, null, HubProblem.Refused, "wants a token")]
    [InlineData(401, null, "hf_old", HubProblem.Refused, "does not accept the token")]
    [InlineData(401, "GatedRepo", null, HubProblem.Refused, "accept its licence at http")]
    [InlineData(403, "GatedRepo", "hf_x", HubProblem.Refused, "is gated")]
    [InlineData(403, null, "hf_x", HubProblem.Refused, "may not read")]
    [InlineData(404, null, null, HubProblem.NotFound, "has no model acme/tiny-model")]
    [InlineData(404, "RevisionNotFound", null, HubProblem.NotFound, "no revision 'main'")]
    [InlineData(418, null, null, HubProblem.BadAnswer, "answered 418")]
    [InlineData(429, null, null, HubProblem.Busy, "is busy (429), 4 times")]
    [InlineData(503, null, null, HubProblem.Busy, "is busy (503), 4 times")]
    [InlineData(500, null, null, HubProblem.Network, "failed (500)")]
    public async Task Refusals_are_one_sentence(int status, string? code, string? token, HubProblem problem, string part)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context =>
        {
            context.Response.StatusCode = status;
            if (code is not null) context.Response.Headers["X-Error-Code"] = code;
            return Task.FromResult(true);
        };
        await FailsAsync(TestStore.Options(hub, token), problem, part);
    }

    [Theory]
    [InlineData(401, HubProblem.Refused, "wants a token")]
    [InlineData(403, HubProblem.Refused, "does not give")]
    [InlineData(404, HubProblem.NotFound, "lists model-1.safetensors of acme/tiny-model but does not have it")]
    [InlineData(416, HubProblem.Changed, "changed at the hub")]
    public async Task Refusals_of_a_file_name_it(int status, HubProblem problem, string part)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context =>
        {
            bool isMeant = context.Request.Path.Value!.EndsWith("model-1.safetensors", StringComparison.Ordinal);
            if (isMeant) context.Response.StatusCode = status;
            return Task.FromResult(isMeant);
        };
        await FailsAsync(TestStore.Options(hub), problem, part);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(500)]
    public async Task A_busy_hub_is_asked_again_after_the_time_that_it_names(int status)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int refusals = 0;
        hub.Interfere = context =>
        {
            if (Interlocked.Increment(ref refusals) % 3 != 1) return Task.FromResult(false);
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = refusals == 1 ? "1" : "0";
            return Task.FromResult(true);
        };
        using var test = new TestStore();
        long start = Environment.TickCount64;
        await test.PullAsync(TestStore.Options(hub, attempts: 10));
        Assert.True(Environment.TickCount64 - start >= 950);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task A_wait_of_an_hour_is_not_waited()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "3600";
            return Task.FromResult(true);
        };
        await FailsAsync(TestStore.Options(hub), HubProblem.Busy, "asks to wait 60 minutes");
    }

    [Fact]
    public async Task Wrong_bytes_are_never_kept()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        byte[] wrong = [.. hub.Files["model-1.safetensors"]];
        wrong[123_456] ^= 1;
        hub.Sent["model-1.safetensors"] = wrong;
        using var test = new TestStore();
        await FailsAsync(TestStore.Options(hub), HubProblem.WrongBytes, "is not what it announces: expected SHA-256", test);
        Assert.False(File.Exists(test.Store.BlobPath(TestHub.Sha256(hub.Files["model-1.safetensors"]))));
        Assert.False(File.Exists(test.Store.BlobPath(TestHub.Sha256(wrong))));

        hub.Sent.Clear();
        hub.Sent["config.json"] = "{\"model_type\":\"evil\"}"u8.ToArray();
        await FailsAsync(TestStore.Options(hub), HubProblem.WrongBytes, "git hash");
        hub.Sent.Clear();
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_fetched_is_listed_again()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int parts = 0;
        byte[] changed = TestHub.Random(9, 300_000);
        hub.Interfere = context =>
        {
            if (context.Request.Path.Value!.EndsWith("model-1.safetensors", StringComparison.Ordinal) && Interlocked.Increment(ref parts) == 3) hub.Sent["model-1.safetensors"] = changed;
            if (context.Request.Path.Value!.StartsWith("/api", StringComparison.Ordinal) && hub.Sent.TryRemove("model-1.safetensors", out _)) hub.Files["model-1.safetensors"] = changed;
            return Task.FromResult(false);
        };
        using var test = new TestStore();
        await test.PullAsync(hub);
        Assert.Equal(2, hub.Requests.Count(request => request.Path.StartsWith("/api", StringComparison.Ordinal)));
        hub.Interfere = null;
        await test.PullAsync(TestStore.Options(hub));
        Assert.Equal(changed, File.ReadAllBytes(Path.Combine(test.Store.FolderOf(test.Store.Find(TestStore.Name)!), "model-1.safetensors")));
    }

    [Theory]
    [InlineData(299_999)]
    [InlineData(300_001)]
    [InlineData(10)]
    public async Task A_file_of_another_length_than_listed_is_an_error(int bytes)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Sent["model-1.safetensors"] = TestHub.Random(4, bytes);
        await FailsAsync(TestStore.Options(hub), HubProblem.Changed, "changed at the hub");
        hub.KnowsRanges = false;
        await FailsAsync(TestStore.Options(hub), HubProblem.Changed, "changed at the hub");
    }

    [Fact]
    public async Task A_stalled_connection_is_opened_again_and_given_up_in_the_end()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int stalls = 0, most = 3;
        hub.Interfere = async context =>
        {
            if (context.Request.Path.Value!.StartsWith("/api", StringComparison.Ordinal) || Interlocked.Increment(ref stalls) > most) return false;
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        using var test = new TestStore();
        await test.PullAsync(TestStore.Options(hub, stallMilliseconds: 300));
        test.AssertHas(hub);

        (stalls, most) = (0, int.MaxValue);
        await FailsAsync(TestStore.Options(hub, stallMilliseconds: 200), HubProblem.Network, "did not answer for 0.2 seconds, 4 times");
    }

    [Fact]
    public async Task A_body_that_stalls_is_taken_up_where_it_stopped()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        int stalls = 0;
        hub.Interfere = async context =>
        {
            if (context.Request.Headers.Range.FirstOrDefault() is not "bytes=0-49999" || Interlocked.Increment(ref stalls) > 2) return false;
            byte[] content = hub.Files[context.Request.Path.Value!.Split('/')[^1]];
            context.Response.StatusCode = 206;
            context.Response.ContentLength = 50_000;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes 0-49999/{content.Length}");
            await context.Response.Body.WriteAsync(content.AsMemory(0, 777));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        using var test = new TestStore();
        await test.PullAsync(TestStore.Options(hub, stallMilliseconds: 400));
        test.AssertHas(hub);
        Assert.Contains(hub.Requests, request => request.Range == "bytes=777-49999");
    }

    [Fact]
    public async Task A_slow_link_is_not_a_stalled_one()
    {
        await using TestHub hub = await TestHub.WithModelAsync(120_000);
        hub.BytesPerSecond = 40_000;
        using var test = new TestStore();
        await test.PullAsync(TestStore.Options(hub, stallMilliseconds: 2_000, partBytes: 1_000_000));
        test.AssertHas(hub);
        Assert.Equal(hub.Files.Values.Sum(content => content.Length), hub.BytesSent);
    }

    [Fact]
    public async Task A_hub_that_is_not_there_is_named()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var options = new HubOptions { Endpoint = new Uri($"http://127.0.0.1:{port}"), FirstDelay = TimeSpan.FromMilliseconds(1), MaxAttempts = 3 };
        await FailsAsync(options, HubProblem.Network, $"127.0.0.1:{port} cannot be reached");
    }

    [Theory]
    [InlineData("loop", "redirects more than 10 times")]
    [InlineData("ftp://127.0.0.1/x", "unencrypted")]
    public async Task Redirects_that_lead_nowhere_are_errors(string target, string part)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context =>
        {
            context.Response.Redirect(target == "loop" ? context.Request.Path + context.Request.QueryString : target);
            return Task.FromResult(true);
        };
        await FailsAsync(TestStore.Options(hub), HubProblem.BadAnswer, part);
    }

    [Theory]
    [InlineData("no json", "makes no sense")]
    [InlineData("{}", "makes no sense")]
    [InlineData("""{"sha":"../../x","siblings":[]}""", "40 hexadecimal digits")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"../../evil","size":1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "not a path inside")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"/etc/evil","size":1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "not a path inside")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a\\b","size":1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "not a path inside")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a//b","size":1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "not a path inside")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a\u0007","size":1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "not a path inside")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a","size":9223372036854775807,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "a is larger than 1024 TB")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a","size":1000000000000000,"blobId":"cccccccccccccccccccccccccccccccccccccccc"},{"rfilename":"b","size":1000000000000000,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "its files are larger than 1024 TB")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a","size":1,"lfs":{"sha256":"../../../x","size":1}}]}""", "without a hash")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a","size":-1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "without a size")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a"}]}""", "without a hash")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"a","size":1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"},{"rfilename":"a","size":1,"blobId":"cccccccccccccccccccccccccccccccccccccccc"}]}""", "twice")]
    public async Task A_hostile_list_of_files_is_refused(string json, string part)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = async context =>
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(json));
            return true;
        };
        using var test = new TestStore();
        await FailsAsync(TestStore.Options(hub), HubProblem.BadAnswer, part, test);
        Assert.False(Directory.Exists(test.Store.Root));
    }

    [Fact]
    public async Task A_hub_behind_the_endpoint_that_wants_a_token_is_named()
    {
        await using TestHub mirror = await TestHub.WithModelAsync(), hub = await TestHub.WithModelAsync();
        mirror.ContentHost = hub;
        hub.Interfere = context =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers["X-Error-Code"] = "GatedRepo";
            context.Response.Headers["X-Error-Message"] = "Access to model acme/tiny-model is restricted.";
            return Task.FromResult(true);
        };
        string advice = $"(it says: Access to model acme/tiny-model is restricted); a token is shown to the endpoint alone, so use --endpoint {hub.Address.GetLeftPart(UriPartial.Authority)}.";
        await FailsAsync(TestStore.Options(mirror, token: "hf_x"), HubProblem.Refused, advice);
        Assert.All(hub.Requests, request => Assert.Null(request.Authorization));

        // The list of files, too, and without a code: no address of a list expires.
        hub.Interfere = context =>
        {
            context.Response.StatusCode = 401;
            return Task.FromResult(true);
        };
        mirror.Interfere = context =>
        {
            context.Response.Redirect(new Uri(hub.Address, context.Request.Path + context.Request.QueryString).AbsoluteUri);
            return Task.FromResult(true);
        };
        int requests = hub.Requests.Count;
        await FailsAsync(TestStore.Options(mirror, token: "hf_x"), HubProblem.Refused, "127.0.0.1 sends on to 127.0.0.1, which refuses acme/tiny-model; a token is shown");
        Assert.Equal(requests + 1, hub.Requests.Count);
    }

    [Fact]
    public async Task A_refused_token_is_named_by_where_it_came_from_and_the_hubs_words_are_passed_on()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        hub.Interfere = context =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers["X-Error-Message"] = "Invalid credentials in Authorization header";
            return Task.FromResult(true);
        };
        var options = new HubOptions { Endpoint = hub.Address, Token = "hf_old", TokenSource = "/home/me/token" };
        await FailsAsync(options, HubProblem.Refused, "check /home/me/token, or take it away for a public model (it says: Invalid credentials in Authorization header).");
    }

    private static async Task FailsAsync(HubOptions options, HubProblem problem, string part, TestStore? given = null)
    {
        TestStore test = given ?? new TestStore();
        try
        {
            HubException error = await Assert.ThrowsAsync<HubException>(() => test.PullAsync(options, PullSelection.All));
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
            Assert.Equal(problem, error.Problem);
            Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
            Assert.Null(test.Store.Find(TestStore.Name));
        }
        finally
        {
            if (given is null) test.Dispose();
        }
    }
}
