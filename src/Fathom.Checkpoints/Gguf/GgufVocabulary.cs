namespace Fathom.Checkpoints.Gguf;

/// <summary>The tokenizer that a GGUF file carries.</summary>
/// <param name="Tokens">Pieces in the byte alphabet, and markup as it is, by id.</param>
/// <param name="Kinds">For each id: 1 an ordinary piece, 3 markup, 4 text added by a user, 5 unused, 6 a byte.</param>
/// <param name="Merges">Merges in their order, two pieces each with a blank between.</param>
/// <param name="File">Where it was read, for messages.</param>
public sealed record GgufVocabulary(IReadOnlyList<string> Tokens, IReadOnlyList<long> Kinds, IReadOnlyList<string> Merges, string File)
{
    internal const string PreTokenizer = "joyai-llm", JsonKey = "tokenizer.huggingface.json", DraftBlockKey = "fathom.draft_block_keys";

    /// <summary>The tokenizer.json that the lists were made from, where the file keeps it.</summary>
    public string? Json { get; init; }

    /// <summary>Whether the model's config.json had the keys of the release checkpoints (<see cref="V4Config.HasDraftBlockKeys"/>); files that do not say come from such.</summary>
    public bool HasDraftBlockKeys { get; init; } = true;

    /// <summary>Reads the tokenizer of a file, without its weights.</summary>
    /// <param name="path">The file; of a split one the first part.</param>
    /// <exception cref="CheckpointException">The file is damaged, or carries no tokenizer of V4's kind.</exception>
    public static GgufVocabulary Open(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return Read(file);
    }

    internal static GgufVocabulary Read(GgufFile file)
    {
        string model = Text(file, "tokenizer.ggml.model"), pre = Text(file, "tokenizer.ggml.pre");
        if (model != "gpt2") throw new CheckpointException(file.Path, "tokenizer.ggml.model", "gpt2 (byte-level BPE)", model);
        if (pre != PreTokenizer) throw new CheckpointException(file.Path, "tokenizer.ggml.pre", $"{PreTokenizer}, DeepSeek V4's pre-tokenizer", pre);
        string[] tokens = Array<string>(file, "tokenizer.ggml.tokens", "texts"), merges = Array<string>(file, "tokenizer.ggml.merges", "texts");
        long[] kinds = Array<long>(file, "tokenizer.ggml.token_type", "whole numbers");
        if (kinds.Length != tokens.Length) throw new CheckpointException(file.Path, "tokenizer.ggml.token_type", $"{tokens.Length} kinds, one for each token", $"{kinds.Length}");
        return new GgufVocabulary(tokens, kinds, merges, file.Path)
        {
            Json = file.Metadata.GetValueOrDefault(JsonKey) as string,
            HasDraftBlockKeys = file.Metadata.GetValueOrDefault(DraftBlockKey) is not false,
        };
    }

    private static string Text(GgufFile file, string key) => file.Metadata.GetValueOrDefault(key) as string ?? throw new CheckpointException(file.Path, key, "a text", "none");

    private static T[] Array<T>(GgufFile file, string key, string what) => file.Metadata.GetValueOrDefault(key) as T[] ?? throw new CheckpointException(file.Path, key, $"an array of {what}", "none");
}
