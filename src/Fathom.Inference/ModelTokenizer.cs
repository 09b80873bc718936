using Fathom.Checkpoints;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>The tokenizer and the chat format that belong to a checkpoint; its weights are not needed.</summary>
public static class ModelTokenizer
{
    /// <summary>Finds them.</summary>
    /// <param name="checkpoint">The checkpoint: a folder with tokenizer.json and config.json, or a GGUF file that carries them.</param>
    /// <param name="tokenizerPath">A tokenizer.json to use instead; null for its own.</param>
    /// <exception cref="TokenizerException">There is no sound tokenizer.</exception>
    public static (Tokenizer Tokenizer, ChatFormat Format) Of(Checkpoint checkpoint, string? tokenizerPath = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        Tokenizer tokenizer = tokenizerPath is null && checkpoint.Vocabulary is { } own
            ? GgufTokenizer.From(own)
            : Tokenizer.Load(tokenizerPath ?? Path.Combine(checkpoint.Location, "tokenizer.json"));

        // GGUF files do not say which encoding they were trained with, unless Fathom wrote them.
        ChatFormat format = checkpoint.Vocabulary is { } vocabulary
            ? vocabulary.HasDraftBlockKeys ? ChatFormat.Release : ChatFormat.Preview
            : ChatFormats.Of(File.ReadAllBytes(Path.Combine(checkpoint.Location, "config.json")));
        return (tokenizer, format);
    }
}
