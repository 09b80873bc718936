using Fathom.Text;

namespace Fathom.Cli;

/// <summary>Finds the tokenizer and the chat format of a model folder.</summary>
internal static class TokenizerLocation
{
    /// <summary>The tokenizer of a model folder, of a tokenizer.json, or of the built-in model when nothing is named.</summary>
    /// <exception cref="TokenizerException">There is none, or it is damaged.</exception>
    public static Tokenizer Open(string? path) =>
        Tokenizer.Load(File.Exists(path) && Path.GetFileName(path) != "config.json" ? path : Path.Combine(ModelLocation.Resolve(path), "tokenizer.json"));

    /// <summary>The chat format of a model folder, by its config.json; the release format where that tells nothing.</summary>
    public static ChatFormat FormatOf(string? path)
    {
        if (File.Exists(path) && Path.GetFileName(path) != "config.json") return ChatFormat.Release;
        string config = Path.Combine(ModelLocation.Resolve(path), "config.json");
        return File.Exists(config) ? ChatFormats.Of(File.ReadAllBytes(config)) : ChatFormat.Release;
    }
}
