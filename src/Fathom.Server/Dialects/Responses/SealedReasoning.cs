using System.Security.Cryptography;
using System.Text;

namespace Fathom.Server.Dialects.Responses;

/// <summary>Reasoning that a client carries along without looking into it: base64 of a keyed checksum and the text (interface specification, section 4.2).</summary>
internal static class SealedReasoning
{
    private const int SumBytes = 16;

    // The checksum guards against mix-ups between servers and mangled text, not against the client, who may read its own model's thoughts.
    private static readonly byte[] Key = SHA256.HashData("fathom reasoning 1"u8);

    /// <summary>Packs a text.</summary>
    public static string Seal(string reasoning)
    {
        byte[] text = Encoding.UTF8.GetBytes(reasoning);
        return Convert.ToBase64String([.. HMACSHA256.HashData(Key, text).AsSpan(0, SumBytes), .. text]);
    }

    /// <summary>Unpacks it; null when it is not one of ours.</summary>
    public static string? Open(string sealedText)
    {
        var bytes = new byte[sealedText.Length];
        if (!Convert.TryFromBase64String(sealedText, bytes, out int count) || count < SumBytes) return null;
        ReadOnlySpan<byte> text = bytes.AsSpan(SumBytes, count - SumBytes);
        return HMACSHA256.HashData(Key, text).AsSpan(0, SumBytes).SequenceEqual(bytes.AsSpan(0, SumBytes)) ? Encoding.UTF8.GetString(text) : null;
    }
}
