using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fathom.Checkpoints.Conversion;

/// <summary>The small files of an official folder that is made of a GGUF file (checkpoint specification, section 1).</summary>
internal static class OfficialFiles
{
    private static readonly JsonWriterOptions Format = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    /// <summary>Writes config.json, generation_config.json, tokenizer.json and tokenizer_config.json.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="source">The GGUF file.</param>
    /// <param name="tokenizerJson">The text of tokenizer.json.</param>
    /// <param name="tensors">What the folder holds: the config says no format that is not there.</param>
    public static void Write(string folder, Checkpoint source, string tokenizerJson, IReadOnlyList<FolderTensor> tensors)
    {
        V4Config config = source.Config with { HasDraftBlockKeys = source.Vocabulary?.HasDraftBlockKeys ?? source.Config.HasDraftBlockKeys };
        bool hasFp4 = tensors.Any(tensor => tensor.Type == StoredType.I8), hasFp8 = tensors.Any(tensor => tensor.Type == StoredType.F8E4M3);
        AtomicFile.Write(Path.Combine(folder, "config.json"), ConfigWriter.ToJson(config, hasFp4, hasFp8));
        AtomicFile.Write(Path.Combine(folder, "generation_config.json"), Json(json => WriteGeneration(json, config)));
        AtomicFile.Write(Path.Combine(folder, "tokenizer.json"), tokenizerJson);
        AtomicFile.Write(Path.Combine(folder, "tokenizer_config.json"), Json(json => WriteTokenizer(json, source)));
    }

    private static void WriteGeneration(Utf8JsonWriter json, V4Config config)
    {
        json.WriteBoolean("_from_model_config", true);
        json.WriteNumber("bos_token_id", config.BosTokenId);
        json.WriteNumber("eos_token_id", config.EosTokenId);
        json.WriteBoolean("do_sample", true);
        json.WriteNumber("temperature", 1.0);
        json.WriteNumber("top_p", 1.0);
        json.WriteString("transformers_version", "4.46.3");
    }

    private static void WriteTokenizer(Utf8JsonWriter json, Checkpoint source)
    {
        json.WriteBoolean("add_bos_token", false);
        json.WriteBoolean("add_eos_token", false);
        WriteToken(json, "bos_token", source, source.Config.BosTokenId);
        WriteToken(json, "eos_token", source, source.Config.EosTokenId);
        WriteToken(json, "pad_token", source, source.Config.EosTokenId);
        json.WriteBoolean("legacy", true);
        json.WriteNumber("model_max_length", source.Config.MaxPositions);
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        if (source.OtherMetadata.GetValueOrDefault("tokenizer.chat_template") is { Text: { } template }) json.WriteString("chat_template", template);
    }

    private static void WriteToken(Utf8JsonWriter json, string key, Checkpoint source, int id)
    {
        if (source.Vocabulary is { } vocabulary && id < vocabulary.Tokens.Count) json.WriteString(key, vocabulary.Tokens[id]);
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Format))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }
}
