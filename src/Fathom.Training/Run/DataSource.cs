using System.Text.Json.Serialization;
using Fathom.Text;

namespace Fathom.Training.Run;

/// <summary>What a source of training data holds.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DataKind>))]
public enum DataKind
{
    /// <summary>Generated documents with questions about them.</summary>
    Recall,

    /// <summary>A text file, or a folder of .txt and .md files.</summary>
    Text,

    /// <summary>JSON Lines with a field <c>text</c>.</summary>
    Documents,

    /// <summary>JSON Lines with a field <c>messages</c>, and <c>tools</c> perhaps; the loss is on what the assistant says.</summary>
    Conversations,
}

/// <summary>A source of training data.</summary>
public sealed record DataSource
{
    /// <summary>What it holds.</summary>
    public required DataKind Kind { get; init; }

    /// <summary>The file or folder; not for generated documents.</summary>
    public string? Path { get; init; }

    /// <summary>How many of the samples are from here, relative to the shares of the other sources.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Conversations: which official chat encoding.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<ChatFormat>))]
    public ChatFormat ChatFormat { get; init; } = ChatFormat.Release;
}
