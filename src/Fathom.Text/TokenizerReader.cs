using System.Text;
using System.Text.Json;

namespace Fathom.Text;

/// <summary>Reads tokenizer.json and makes sure that it is the kind of tokenizer that <see cref="Tokenizer"/> implements; anything else is refused, never approximated.</summary>
internal static class TokenizerReader
{
    // The official file has 6.4 MB and 129,280 ids.
    private const long MostBytes = 128L << 20;
    private const int MostIds = 1 << 22;

    // The three patterns of V4, as they stand in the file.
    internal static readonly string[] Patterns =
    [
        @"\p{N}{1,3}",
        "[一-龥\u3040-ゟ゠-ヿ]+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    ];

    public static Tokenizer Read(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MostBytes) throw new TokenizerException(path, $"expected at most {MostBytes} bytes, found {length}");
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (FileNotFoundException exception)
        {
            throw new TokenizerException(path, "expected this file, found none", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new TokenizerException(path, $"expected a readable file, found: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    public static Tokenizer Parse(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            return Read(document.RootElement, file);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw new TokenizerException(file, $"expected well-formed JSON, found an error{JsonPlace.Of(exception)}", exception);
        }
    }

    private static Tokenizer Read(JsonElement root, string file)
    {
        JsonElement model = Member(root, "model", JsonValueKind.Object, file);
        CheckKind(root, model, file);

        var idOf = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty entry in Member(model, "vocab", JsonValueKind.Object, file).EnumerateObject())
        {
            int id = Id(entry.Value, $"vocab entry '{Clip(entry.Name)}'", file);
            if (!idOf.TryAdd(entry.Name, id)) throw new TokenizerException(file, $"expected each vocabulary entry once, found '{Clip(entry.Name)}' twice");
        }

        JsonElement merges = Member(model, "merges", JsonValueKind.Array, file);
        return Build(idOf, ReadAdded(root, file), merges.EnumerateArray().Select((entry, rank) => Halves(entry, rank, file)), file);
    }

    /// <summary>A tokenizer from lists, as GGUF files keep them.</summary>
    /// <param name="tokens">Pieces and markup by id.</param>
    /// <param name="kinds">For each id 3 for markup, 4 for text that a user added, anything else for a piece.</param>
    /// <param name="merges">"left right", in order.</param>
    /// <param name="file">Where it is from, for messages.</param>
    public static Tokenizer FromLists(IReadOnlyList<string> tokens, IReadOnlyList<long> kinds, IReadOnlyList<string> merges, string file)
    {
        const long markup = 3, addedByUser = 4;
        if (tokens.Count > MostIds) throw new TokenizerException(file, $"expected at most {MostIds} tokens, found {tokens.Count}");
        var idOf = new Dictionary<string, int>(StringComparer.Ordinal);
        var added = new List<AddedToken>();
        var texts = new HashSet<string>(StringComparer.Ordinal);
        for (int id = 0; id < tokens.Count; id++)
        {
            if (kinds[id] is not (markup or addedByUser))
            {
                if (!idOf.TryAdd(tokens[id], id)) throw new TokenizerException(file, $"expected each vocabulary entry once, found '{Clip(tokens[id])}' twice");
            }
            else if (tokens[id].Length == 0 || !texts.Add(tokens[id]))
            {
                throw new TokenizerException(file, $"expected text of its own in every added token, found '{Clip(tokens[id])}' (id {id})");
            }
            else
            {
                added.Add(new AddedToken(id, tokens[id], kinds[id] == markup, false));
            }
        }

        return Build(idOf, added, merges.Select((merge, rank) => Halves(merge, rank, file)), file);
    }

    private static Tokenizer Build(Dictionary<string, int> idOf, List<AddedToken> added, IEnumerable<(string Left, string Right)> merges, string file) =>
        new(BytesById(idOf, added, file), IdsOfBytes(idOf, file), Ranked(merges, idOf, file), added);

    private static void CheckKind(JsonElement root, JsonElement model, string file)
    {
        if (Text(model, "type") is { } type && type != "BPE") throw new TokenizerException(file, $"expected a model of type BPE, found {Clip(type)}");
        foreach (string key in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null && !(value.ValueKind == JsonValueKind.String && value.ValueEquals(string.Empty)))
                throw new TokenizerException(file, $"expected no '{key}' in the model, found {Clip(value.GetRawText())}");
        }

        foreach (string key in (string[])["byte_fallback", "ignore_merges"])
        {
            if (model.TryGetProperty(key, out JsonElement value) && value.ValueKind is not (JsonValueKind.False or JsonValueKind.Null))
                throw new TokenizerException(file, $"expected '{key}' to be false, found {Clip(value.GetRawText())}");
        }

        if (root.TryGetProperty("normalizer", out JsonElement normalizer) && !IsEmptyNormalizer(normalizer))
            throw new TokenizerException(file, "expected no normalizer, found one");
        CheckPreTokenizer(Member(root, "pre_tokenizer", JsonValueKind.Object, file), file);
    }

    private static bool IsEmptyNormalizer(JsonElement normalizer) =>
        normalizer.ValueKind == JsonValueKind.Null
        || (normalizer.ValueKind == JsonValueKind.Object && Text(normalizer, "type") == "Sequence"
            && normalizer.TryGetProperty("normalizers", out JsonElement list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 0);

    private static void CheckPreTokenizer(JsonElement preTokenizer, string file)
    {
        JsonElement steps = Member(preTokenizer, "pretokenizers", JsonValueKind.Array, file);
        bool isOurs = steps.GetArrayLength() == Patterns.Length + 1;
        for (int i = 0; isOurs && i < Patterns.Length; i++)
        {
            JsonElement step = steps[i];
            isOurs = step.ValueKind == JsonValueKind.Object && Text(step, "type") == "Split" && Text(step, "behavior") == "Isolated"
                && !(step.TryGetProperty("invert", out JsonElement invert) && invert.ValueKind == JsonValueKind.True)
                && step.TryGetProperty("pattern", out JsonElement pattern) && pattern.ValueKind == JsonValueKind.Object && Text(pattern, "Regex") == Patterns[i];
        }

        if (isOurs)
        {
            JsonElement last = steps[Patterns.Length];
            isOurs = last.ValueKind == JsonValueKind.Object && Text(last, "type") == "ByteLevel"
                && !IsTrue(last, "add_prefix_space") && !IsTrue(last, "use_regex");
        }

        if (!isOurs) throw new TokenizerException(file, "expected DeepSeek V4's pre-tokenizer (three splits and ByteLevel), found another");
    }

    private static List<AddedToken> ReadAdded(JsonElement root, string file)
    {
        var added = new List<AddedToken>();
        if (!root.TryGetProperty("added_tokens", out JsonElement list) || list.ValueKind == JsonValueKind.Null) return added;
        if (list.ValueKind != JsonValueKind.Array) throw new TokenizerException(file, $"expected an array as added_tokens, found {list.ValueKind}");
        var ids = new HashSet<int>();
        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object) throw new TokenizerException(file, $"expected objects in added_tokens, found {entry.ValueKind}");
            string content = Text(entry, "content") ?? throw new TokenizerException(file, "expected a 'content' in every added token, found one without");
            int id = entry.TryGetProperty("id", out JsonElement value) ? Id(value, $"added token '{Clip(content)}'", file) : throw new TokenizerException(file, $"expected an id for the added token '{Clip(content)}', found none");
            if (content.Length == 0) throw new TokenizerException(file, $"expected text in every added token, found none in that with id {id}");
            if (IsTrue(entry, "single_word") || IsTrue(entry, "lstrip") || IsTrue(entry, "rstrip"))
                throw new TokenizerException(file, $"expected single_word, lstrip and rstrip to be false, found one set for '{Clip(content)}'");
            if (!ids.Add(id) || !texts.Add(content)) throw new TokenizerException(file, $"expected each added token once, found '{Clip(content)}' (id {id}) again");
            added.Add(new AddedToken(id, content, IsTrue(entry, "special"), IsTrue(entry, "normalized")));
        }

        added.Sort((a, b) => a.Id.CompareTo(b.Id));
        return added;
    }

    private static byte[]?[] BytesById(Dictionary<string, int> idOf, List<AddedToken> added, string file)
    {
        // Ids are dense in practice; a highest id far above their number would only waste memory.
        int count = idOf.Count + added.Count, highest = Math.Max(idOf.Values.DefaultIfEmpty(-1).Max(), added.Count > 0 ? added[^1].Id : -1);
        if (highest >= (2L * count) + 1024) throw new TokenizerException(file, $"expected ids below about {count}, the number of tokens, found {highest}");
        var bytesById = new byte[]?[highest + 1];
        var markup = added.ToDictionary(token => token.Id);
        foreach ((string piece, int id) in idOf)
        {
            // Some writers list added tokens in the vocabulary too; there they stand as plain text.
            if (markup.TryGetValue(id, out AddedToken? token) && token.Content == piece) continue;
            if (bytesById[id] is not null || token is not null) throw new TokenizerException(file, $"expected each id once, found {id} twice");
            bytesById[id] = ByteAlphabet.BytesOf(piece)
                ?? throw new TokenizerException(file, $"expected vocabulary entries in the byte alphabet, found '{Clip(piece)}'");
        }

        foreach (AddedToken token in added) bytesById[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        return bytesById;
    }

    private static int[] IdsOfBytes(Dictionary<string, int> idOf, string file)
    {
        var ids = new int[256];
        for (int b = 0; b < ids.Length; b++)
        {
            if (!idOf.TryGetValue(ByteAlphabet.CharOf((byte)b).ToString(), out ids[b]))
                throw new TokenizerException(file, $"expected a vocabulary entry for every byte, found none for byte {b}");
        }

        return ids;
    }

    private static Dictionary<long, (int Rank, int Joined)> Ranked(IEnumerable<(string Left, string Right)> list, Dictionary<string, int> idOf, string file)
    {
        var merges = new Dictionary<long, (int, int)>();
        int rank = 0;
        foreach ((string left, string right) in list)
        {
            if (!idOf.TryGetValue(left, out int leftId) || !idOf.TryGetValue(right, out int rightId) || !idOf.TryGetValue(left + right, out int joined))
                throw new TokenizerException(file, $"expected merge {rank} to join two entries of the vocabulary into a third, found '{Clip(left)}' and '{Clip(right)}'");
            if (!merges.TryAdd(BytePairMerger.Key(leftId, rightId), (rank, joined)))
                throw new TokenizerException(file, $"expected each merge once, found '{Clip(left)}' and '{Clip(right)}' again");
            rank++;
        }

        return merges;
    }

    // "a b" in the official file, ["a", "b"] from newer writers.
    private static (string Left, string Right) Halves(JsonElement entry, int rank, string file)
    {
        if (entry.ValueKind == JsonValueKind.String) return Halves(entry.GetString()!, rank, file);
        if (entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2 && entry[0].ValueKind == JsonValueKind.String && entry[1].ValueKind == JsonValueKind.String)
        {
            return (entry[0].GetString()!, entry[1].GetString()!);
        }

        throw new TokenizerException(file, $"expected merge {rank} to be two pieces, found {Clip(entry.GetRawText())}");
    }

    private static (string Left, string Right) Halves(string merge, int rank, string file)
    {
        string[] parts = merge.Split(' ');
        return parts.Length == 2 ? (parts[0], parts[1]) : throw new TokenizerException(file, $"expected merge {rank} to be two pieces, found {Clip(merge)}");
    }

    private static JsonElement Member(JsonElement parent, string name, JsonValueKind kind, string file)
    {
        if (parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind) return value;
        throw new TokenizerException(file, $"expected '{name}' to be {(kind == JsonValueKind.Object ? "an object" : "an array")}, found something else");
    }

    private static int Id(JsonElement value, string what, string file)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0 && id < MostIds) return id;
        throw new TokenizerException(file, $"expected an id from 0 to {MostIds - 1} for {what}, found {Clip(value.GetRawText())}");
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool IsTrue(JsonElement parent, string name) => parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static string Clip(string text) => new([.. text.Take(60).Select(c => char.IsControl(c) ? '?' : c)]);
}
