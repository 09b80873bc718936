using Fathom.Checkpoints.Gguf;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>The tokenizer that a GGUF file carries.</summary>
public static class GgufTokenizer
{
    /// <summary>Makes it: from the tokenizer.json inside where there is one, because the lists say less about markup.</summary>
    /// <exception cref="TokenizerException">The file's lists do not go together.</exception>
    public static Tokenizer From(GgufVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        if (vocabulary.Json is { } json) return Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(json), vocabulary.File);
        return Tokenizer.FromLists(vocabulary.Tokens, vocabulary.Kinds, vocabulary.Merges, vocabulary.File);
    }
}
