using Fathom.Server.Access;
using Fathom.Text;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>The official npm clients of OpenAI and Anthropic against a running server; what they check stands in the scripts of tests/clients.</summary>
public sealed class NodeClientTests(NodeClients clients) : IClassFixture<NodeClients>
{
    // Quotes, line breaks, and characters of several tokens and of two halves.
    private const string Awkward = "\"Grüße\" \\ and\n日本語 👩‍🚀🪿 end";

    [Theory]
    [InlineData("openai-chat.mjs")]
    [InlineData("openai-responses.mjs")]
    [InlineData("anthropic.mjs")]
    [InlineData("errors.mjs")]
    public async Task The_official_clients_are_content(string script)
    {
        await using TestServer server = await StartAsync(Script);
        await clients.RunAsync(script, server.Address.ToString());
    }

    [Fact]
    public async Task The_official_clients_send_their_keys()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fathom-keys");
        try
        {
            string file = Path.Combine(folder.FullName, "keys.json"), key = KeyFile.Add(file, new ApiKey { Name = "tests", Sha256 = string.Empty, RequestsPerMinute = 10 });
            await using TestServer server = await StartAsync(Script, new ServerOptions { KeysFile = file, ThinksByDefault = false, ThinksByDefaultForAnthropic = false });
            await clients.RunAsync("keys.mjs", server.Address.ToString(), key);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The usual answers, and those to what only these scripts ask.
    private static string Script(string prompt)
    {
        if (prompt.EndsWith(Markup.FimEnd, StringComparison.Ordinal)) return "return x";
        int user = prompt.LastIndexOf("<｜User｜>", StringComparison.Ordinal);
        if (user < 0) return " one, two";
        string last = prompt[user..], thought = prompt.EndsWith("<think>", StringComparison.Ordinal) ? "I think about it.</think>" : string.Empty;
        if (last.Contains("<tool_result>", StringComparison.Ordinal)) return Scripts.Client(prompt);
        if (last.Contains("for ever", StringComparison.Ordinal)) return thought + string.Join(' ', Enumerable.Range(1, 20_000));
        if (last.Contains("patch", StringComparison.Ordinal)) return thought + Scripts.Call(("apply_patch", [("input", "*** Begin Patch\n*** End Patch", true)]));
        if (last.Contains("what time", StringComparison.Ordinal)) return thought + Scripts.Call(("get_time", []));
        if (last.Contains("note this", StringComparison.Ordinal)) return thought + Scripts.Call(("take_note", [("text", Awkward, true)]));
        if (last.Contains("awkward", StringComparison.Ordinal)) return thought + Awkward;
        if (last.Contains("on the map", StringComparison.Ordinal)) return thought + Scripts.Call(("maps__place", [("city", "Paris", true)]));
        return Scripts.Client(prompt);
    }
}
