using System.Text.Json.Nodes;
using Fathom.Inference;

namespace Fathom.Server.Tests.Faults;

/// <summary>What the tests of faults have in common.</summary>
internal static class FaultServer
{
    /// <summary>A good request.</summary>
    public const string Good = """{"messages":[{"role":"user","content":"hi"}]}""";

    /// <summary>Whether the long repetitions are wanted.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("FATHOM_LONG_TESTS") == "1";

    /// <summary>A server that takes small requests and says little.</summary>
    public static Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? change = null, EngineOptions? engine = null, Func<string, string>? script = null)
    {
        var options = new ServerOptions { ThinksByDefault = false, ThinksByDefaultForAnthropic = false, MaxBodyBytes = 1 << 20 };
        return TestServer.StartAsync(script ?? (_ => "Fine."), change?.Invoke(options) ?? options, engine, maxPositions: 4000);
    }

    /// <summary>Makes sure that a good request is answered.</summary>
    public static async Task AssertAnswersAsync(TestServer server)
    {
        JsonObject answer = await server.PostAsync("/v1/chat/completions", Good);
        Assert.Equal("Fine.", (string)answer["choices"]![0]!["message"]!["content"]!);
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<bool> isSo, string what, double seconds = 10)
    {
        long until = Environment.TickCount64 + (long)(seconds * 1000);
        while (!isSo())
        {
            Assert.True(Environment.TickCount64 < until, $"Waited {seconds} s in vain: {what}.");
            await Task.Delay(5);
        }
    }
}
