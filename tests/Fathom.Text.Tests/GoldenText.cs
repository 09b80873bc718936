using System.Text.Json;
using CsCheck;

namespace Fathom.Text.Tests;

/// <summary>The golden data of chat and tokenizer, read once.</summary>
internal static class GoldenText
{
    private static readonly Lazy<Tokenizer> Official = new(() => Tokenizer.Load(Repository.PathOf("models", "deepseek-v4", "tokenizer.json")));

    public static Tokenizer Tokenizer => Official.Value;

    private static readonly Lazy<Tokenizer> OfV41 = new(ReadV41);

    /// <summary>The tokenizer of V4.1: nine added tokens of V4's file renamed.</summary>
    public static Tokenizer V41Tokenizer => OfV41.Value;

    public static JsonElement Read(params string[] path) => ReadFile(Repository.Golden(["chat", .. path]));

    public static JsonElement ReadFile(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    private static Tokenizer ReadV41()
    {
        string json = File.ReadAllText(Repository.PathOf("models", "deepseek-v4", "tokenizer.json"));
        foreach (JsonElement change in Read("tokenizer", "v41-delta.json").GetProperty("changes").EnumerateArray())
            json = json.Replace($"\"{Content(change, "v4")}\"", $"\"{Content(change, "v41")}\"", StringComparison.Ordinal);
        return Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(json), "tokenizer.json");

        static string Content(JsonElement change, string version) => change.GetProperty(version).GetProperty("content").GetString()!;
    }

    public static IEnumerable<JsonElement> Cases(string file) => Read(file).GetProperty("cases").EnumerateArray();

    public static TheoryData<string> Names(string file) => [.. Cases(file).Select(entry => entry.GetProperty("name").GetString()!)];

    public static JsonElement Case(string file, string name) => Cases(file).Single(entry => entry.GetProperty("name").GetString() == name);

    public static ThinkingMode ModeOf(JsonElement entry) => entry.GetProperty("thinking_mode").GetString() switch
    {
        "thinking" => ThinkingMode.Thinking,
        "chat" => ThinkingMode.Chat,
        string other => throw new ChatFormatException($"Unknown thinking mode '{other}'."),
        null => ThinkingMode.Chat,
    };

    public static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>Joins randomly picked pieces.</summary>
    public static Gen<string> TextOf(int most, params string[] pieces) => Gen.Int[0, pieces.Length - 1].Array[0, most].Select(picks => string.Concat(picks.Select(pick => pieces[pick])));
}
