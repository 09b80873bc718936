using System.Text.Json.Serialization;

namespace Fathom.Hub.Store;

/// <summary>One commit of a repository in the store: what its manifest says.</summary>
/// <param name="Owner">Who publishes it.</param>
/// <param name="Name">The repository's name.</param>
/// <param name="Commit">The commit.</param>
/// <param name="Source">Where the files came from: a hub's address or a folder.</param>
/// <param name="IsWhole">Whether every file of the repository is here; false when some were left out, or nobody knows.</param>
/// <param name="Files">The files that are here.</param>
public sealed record StoredModel(string Owner, string Name, string Commit, string Source, bool IsWhole, IReadOnlyList<StoredFile> Files)
{
    /// <summary><c>owner/name</c>.</summary>
    [JsonIgnore]
    public string Repository => $"{Owner}/{Name}";

    /// <summary>Bytes of all files.</summary>
    [JsonIgnore]
    public long Bytes => Files.Sum(file => file.Bytes);
}

/// <summary>Reads and writes what the store keeps as JSON.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredModel))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class StoreJson : JsonSerializerContext;
