using Fathom.Checkpoints;
using Fathom.Checkpoints.Gguf;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Cli;

/// <summary>Finds the tokenizer and the chat format that a command works with.</summary>
internal static class TokenizerLocation
{
    /// <summary>DeepSeek V4's official tokenizer, which ships with Fathom.</summary>
    public static string Official => Path.Combine(AppContext.BaseDirectory, "models", "deepseek-v4", "tokenizer.json");

    /// <summary>The tokenizer of a model folder, of a GGUF file, of a tokenizer.json, or the official one when nothing is named.</summary>
    /// <exception cref="TokenizerException">There is none, or it is damaged.</exception>
    public static Tokenizer Open(string? path)
    {
        if (path is null) return Tokenizer.Load(Official);
        if (!Checkpoint.IsGguf(path) && IsTokenizerFile(path)) return Tokenizer.Load(path);
        path = ModelLocation.Resolve(path);
        return Checkpoint.IsGguf(path) ? GgufTokenizer.From(GgufVocabulary.Open(path)) : Tokenizer.Load(Path.Combine(path, "tokenizer.json"));
    }

    /// <summary>The chat format of a model folder, by its config.json; the release format where there is none.</summary>
    public static ChatFormat FormatOf(string? path)
    {
        if (path is null || IsTokenizerFile(path)) return ChatFormat.Release;
        string config = Path.Combine(ModelLocation.Resolve(path), "config.json");
        return File.Exists(config) ? ChatFormats.Of(File.ReadAllBytes(config)) : ChatFormat.Release;
    }

    private static bool IsTokenizerFile(string path) => File.Exists(path) && Path.GetFileName(path) != "config.json";
}
