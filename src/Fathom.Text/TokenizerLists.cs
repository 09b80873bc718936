using System.Text;
using System.Text.Json;

namespace Fathom.Text;

/// <summary>A tokenizer as the three lists that GGUF files keep.</summary>
/// <param name="Tokens">Pieces in the byte alphabet, and markup as it is, by id.</param>
/// <param name="Kinds">For each id: 1 an ordinary piece, 3 markup that decoding may hide, 4 other added text, 5 unused.</param>
/// <param name="Merges">Merges in their order, two pieces each with a blank between.</param>
public sealed record TokenizerLists(IReadOnlyList<string> Tokens, IReadOnlyList<long> Kinds, IReadOnlyList<string> Merges)
{
    private const long Piece = 1, Special = 3, Added = 4, Unused = 5;

    /// <summary>Reads a tokenizer.json.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="vocabularySize">Ids of the model; those that the tokenizer does not use become <c>[PADn]</c>.</param>
    /// <param name="file">Name for messages.</param>
    /// <exception cref="TokenizerException">The text is damaged or of another kind, or has more ids than the model.</exception>
    public static TokenizerLists Parse(ReadOnlyMemory<byte> json, int vocabularySize, string file)
    {
        Tokenizer checkedOne = Tokenizer.Parse(json, file);
        if (checkedOne.VocabularySize > vocabularySize) throw new TokenizerException(file, $"expected at most the model's {vocabularySize} ids, found {checkedOne.VocabularySize}");
        string[] tokens = [.. Enumerable.Range(0, vocabularySize).Select(id => $"[PAD{id}]")];
        long[] kinds = [.. Enumerable.Repeat(Unused, vocabularySize)];
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement model = document.RootElement.GetProperty("model");
        foreach (JsonProperty entry in model.GetProperty("vocab").EnumerateObject()) (tokens[entry.Value.GetInt32()], kinds[entry.Value.GetInt32()]) = (entry.Name, Piece);
        foreach (AddedToken token in checkedOne.AddedTokens) (tokens[token.Id], kinds[token.Id]) = (token.Content, token.IsSpecial ? Special : Added);
        string[] merges = [.. model.GetProperty("merges").EnumerateArray().Select(merge => merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}")];
        return new TokenizerLists(tokens, kinds, merges);
    }

    /// <summary>A tokenizer.json with these lists and V4's pre-tokenizer.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = ChatJson.Readable.Encoder, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteStartArray("added_tokens");
            for (int id = 0; id < Tokens.Count; id++)
            {
                if (Kinds[id] is Special or Added) WriteAdded(json, id);
            }

            json.WriteEndArray();
            WritePreTokenizer(json);
            WriteModel(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private void WriteAdded(Utf8JsonWriter json, int id)
    {
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteString("content", Tokens[id]);
        foreach (string flag in (string[])["single_word", "lstrip", "rstrip", "normalized"]) json.WriteBoolean(flag, false);
        json.WriteBoolean("special", Kinds[id] == Special);
        json.WriteEndObject();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json)
    {
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (string pattern in TokenizerReader.Patterns)
        {
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }

        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", false);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("decoder");
        json.WriteString("type", "ByteLevel");
        json.WriteEndObject();
    }

    private void WriteModel(Utf8JsonWriter json)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteBoolean("byte_fallback", false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < Tokens.Count; id++)
        {
            if (Kinds[id] is not (Special or Added or Unused)) json.WriteNumber(Tokens[id], id);
        }

        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (string merge in Merges) json.WriteStringValue(merge);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
