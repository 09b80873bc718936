using System.Text.Json;

namespace Fathom.Text;

/// <summary>Which official chat encoding a checkpoint was trained with (chat specification, sections 2.6 and 6).</summary>
public enum ChatFormat
{
    /// <summary>The encoding of the release checkpoints (Flash-0731, Pro-0813).</summary>
    Release,

    /// <summary>The encoding of the first checkpoints of April 2026; it differs in the texts for reasoning effort.</summary>
    Preview,

    /// <summary>The encoding of DeepSeek-V4.1.</summary>
    V41,
}

/// <summary>Tells the chat format of a checkpoint.</summary>
public static class ChatFormats
{
    /// <summary>The format that belongs to a config.json: V4.1 by its model type, the release by its dspark_* keys, else the preview.</summary>
    /// <param name="configJson">UTF-8 text of config.json.</param>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    public static ChatFormat Of(ReadOnlyMemory<byte> configJson)
    {
        using JsonDocument document = JsonDocument.Parse(configJson);
        if (document.RootElement.ValueKind != JsonValueKind.Object) return ChatFormat.Release;
        if (document.RootElement.TryGetProperty("model_type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("deepseek_v41")) return ChatFormat.V41;
        return document.RootElement.EnumerateObject().Any(property => property.Name.StartsWith("dspark_", StringComparison.Ordinal)) ? ChatFormat.Release : ChatFormat.Preview;
    }
}
