using System.Text.Json;

namespace Fathom.Hub;

/// <summary>Reads the hub's answer about a repository. Everything in it is hostile until checked: paths become files.</summary>
internal static class HubListingReader
{
    private const int MostFiles = 100_000;
    private const long MostBytes = 1L << 50;
    private const int MostShownCharacters = 200;

    /// <summary>Reads and checks a list of files.</summary>
    /// <exception cref="HubException">The answer has another form.</exception>
    public static HubListing Read(ModelName name, ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            string commit = document.RootElement.GetProperty("sha").GetString() ?? string.Empty;
            if (!IsHex(commit, 40)) throw Bad(name, $"the commit '{Clip(commit)}' is not 40 hexadecimal digits");
            var files = new List<HubFile>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            long bytes = 0;
            foreach (JsonElement element in document.RootElement.GetProperty("siblings").EnumerateArray())
            {
                HubFile file = ReadFile(name, element);
                if (!seen.Add(file.Path)) throw Bad(name, $"the file {Clip(file.Path)} is there twice");
                if (files.Count == MostFiles) throw Bad(name, $"there are more than {MostFiles} files");
                if ((bytes += file.Bytes) > MostBytes) throw Bad(name, $"its files are larger than {MostBytes >> 40} TB");
                files.Add(file);
            }

            return new HubListing(AsTheHubWrites(name, Text(document.RootElement, "id")), commit, files);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw Bad(name, exception.Message.TrimEnd('.'), exception);
        }
    }

    // A hub takes names in any case; the store has one. A repository that was renamed keeps the name that was asked for.
    private static ModelName AsTheHubWrites(ModelName name, string? id) =>
        ModelName.TryParse(id, out ModelName? written) && string.Equals(written.Repository, name.Repository, StringComparison.OrdinalIgnoreCase) ? written with { Revision = name.Revision } : name;

    private static HubFile ReadFile(ModelName name, JsonElement element)
    {
        string path = element.GetProperty("rfilename").GetString() ?? string.Empty;
        if (!RepositoryPath.IsInside(path)) throw Bad(name, $"'{Clip(path)}' is not a path inside a repository");
        string? sha256 = null, sha1 = null;
        if (element.TryGetProperty("lfs", out JsonElement large) && large.ValueKind == JsonValueKind.Object)
            sha256 = (Text(large, "sha256") ?? Text(large, "oid"))?.Replace("sha256:", string.Empty, StringComparison.Ordinal).ToLowerInvariant();
        else
            sha1 = Text(element, "blobId")?.ToLowerInvariant();
        if (sha256 is null ? !IsHex(sha1, 40) : !IsHex(sha256, 64)) throw Bad(name, $"{path} comes without a hash to check it by; this mirror cannot be used");
        JsonElement size = element.TryGetProperty("size", out JsonElement own) && own.ValueKind == JsonValueKind.Number ? own : large.ValueKind == JsonValueKind.Object ? large.GetProperty("size") : default;
        if (size.ValueKind != JsonValueKind.Number || !size.TryGetInt64(out long bytes) || bytes < 0) throw Bad(name, $"{path} comes without a size; this mirror cannot be used");
        if (bytes > MostBytes) throw Bad(name, $"{path} is larger than {MostBytes >> 40} TB");
        return new HubFile(path, bytes, sha256, sha1);
    }

    /// <summary>Whether a text is so many small hexadecimal digits.</summary>
    internal static bool IsHex(string? text, int digits) => text is not null && text.Length == digits && text.All(char.IsAsciiHexDigitLower);

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static HubException Bad(ModelName name, string found, Exception? inner = null) =>
        new(HubProblem.BadAnswer, $"The hub's list of files of {name} makes no sense: {found}.", inner);

    /// <summary>The beginning of a text of the hub's, fit for a message.</summary>
    internal static string Clip(string text) => new([.. text.Take(MostShownCharacters).Select(c => char.IsControl(c) ? '?' : c)]);
}
