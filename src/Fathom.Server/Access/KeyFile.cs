using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fathom.Checkpoints;

namespace Fathom.Server.Access;

/// <summary>The file of API keys: a JSON object with a list <c>keys</c>. Keys themselves are never in it.</summary>
public static class KeyFile
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private sealed record Content(IReadOnlyList<ApiKey> Keys);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is no list of keys; the message says why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<ApiKey> Read(string path)
    {
        try
        {
            IReadOnlyList<ApiKey> keys = JsonSerializer.Deserialize<Content>(File.ReadAllText(path), Format)?.Keys ?? [];
            foreach (ApiKey key in keys)
            {
                if (key.Sha256.Length != 64 || !key.Sha256.All(char.IsAsciiHexDigit)) throw new InvalidDataException($"{path}: the key '{key.Name}' has no SHA-256 of 64 hexadecimal digits.");
            }

            return keys;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is no file of keys: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    /// <summary>Makes a new key and adds its hash to a file, which is made when it is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Its name and limits; the hash is filled in.</param>
    /// <returns>The key, which is nowhere else.</returns>
    /// <exception cref="InvalidDataException">The file is no list of keys, or has one of this name.</exception>
    public static string Add(string path, ApiKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        IReadOnlyList<ApiKey> keys = File.Exists(path) ? Read(path) : [];
        if (keys.Any(known => known.Name == key.Name)) throw new InvalidDataException($"{path} has a key named '{key.Name}' already; remove that one first, or take another name.");
        string secret = "fathom-" + RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 40);
        Write(path, [.. keys, key with { Sha256 = Hash(secret) }]);
        return secret;
    }

    /// <summary>Takes a key out of a file.</summary>
    /// <returns>Whether there was one of this name.</returns>
    public static bool Remove(string path, string name)
    {
        IReadOnlyList<ApiKey> keys = Read(path);
        if (!keys.Any(key => key.Name == name)) return false;
        Write(path, keys.Where(key => key.Name != name));
        return true;
    }

    /// <summary>SHA-256 of a key, in hexadecimal.</summary>
    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static void Write(string path, IEnumerable<ApiKey> keys) =>
        AtomicFile.WritePrivate(path, stream => JsonSerializer.Serialize(stream, new Content([.. keys]), Format));
}
