using Fathom.Inference;
using Fathom.Inference.Tests;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Tests;

/// <summary>Chat clients over a model that gives the answers it is told, one for each turn.</summary>
internal static class Scripted
{
    private const int Vocabulary = 129_280;
    private const int EndToken = 1;

    public static Tokenizer Tokenizer { get; } = Tokenizer.Load(Repository.PathOf("models", "deepseek-v4", "tokenizer.json"));

    /// <summary>The markup of one call of <c>weather</c>.</summary>
    public static string WeatherCall { get; } = "\n\n" + Block(Weather("Oslo"));

    public static int[] Ids(string text) => Tokenizer.Encode(text, true);

    public static FathomModel Model(out ScriptedModel scripted, params string[] answers)
    {
        scripted = ScriptedModel.Answering(Vocabulary, EndToken, [.. answers.Select(Ids)]);
        return new FathomModel(scripted, Tokenizer, ChatFormat.Release);
    }

    public static IChatClient Client(params string[] answers) => Model(out _, answers).AsIChatClient("scripted");

    public static string Block(params string[] calls) => $"<｜DSML｜tool_calls>\n{string.Join('\n', calls)}\n</｜DSML｜tool_calls>";

    public static string Weather(string city) =>
        $"<｜DSML｜invoke name=\"weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">{city}</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\">3</｜DSML｜parameter>\n</｜DSML｜invoke>";

    public static async Task<List<ChatResponseUpdate>> Collect(IAsyncEnumerable<ChatResponseUpdate> updates)
    {
        var collected = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate update in updates) collected.Add(update);
        return collected;
    }

    /// <summary>What the model was fed since the beginning, as text.</summary>
    public static string Read(ScriptedModel scripted) => Tokenizer.Decode([.. scripted.Fed.SelectMany(tokens => tokens)]);
}
