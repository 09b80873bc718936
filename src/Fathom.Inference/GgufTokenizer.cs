using Fathom.Checkpoints.Gguf;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>The tokenizer that a GGUF file carries.</summary>
public static class GgufTokenizer
{
    /// <summary>Makes it.</summary>
    /// <exception cref="TokenizerException">The file's lists do not go together.</exception>
    public static Tokenizer From(GgufVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        return Tokenizer.FromLists(vocabulary.Tokens, vocabulary.Kinds, vocabulary.Merges, vocabulary.File);
    }
}
