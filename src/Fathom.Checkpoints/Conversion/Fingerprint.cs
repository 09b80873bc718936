using System.Security.Cryptography;
using System.Text;

namespace Fathom.Checkpoints.Conversion;

/// <summary>What an unfinished file was being made of; only with the same is it gone on with.</summary>
/// <param name="Source">As <see cref="WeightFiles.Identity"/>.</param>
/// <param name="Options">The options, as <see cref="Of"/> makes it.</param>
/// <param name="Importance">As <see cref="IImportance.Identity"/>.</param>
internal sealed record Fingerprint(string Source, string Options, string Importance = Fingerprint.None)
{
    private const string None = "none";

    // Another one whenever the same source and options become other bytes.
    private const string Version = "2";

    /// <summary>A short text for what has none.</summary>
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Why a file of another fingerprint is not gone on with, as the end of a sentence; null for the same.</summary>
    /// <param name="text">The other, as <see cref="ToString"/> wrote it.</param>
    public string? DifferenceFrom(string text)
    {
        if (text.Split(' ') is not [Version, var source, var options, var importance]) return "what is there is of another version of Fathom";
        if (source != Source) return "the source is another one, or has changed";
        if (options != Options) return "the options are others";
        return importance != Importance ? "the importance matrix is another one" : null;
    }

    /// <summary>All of it in one line.</summary>
    public override string ToString() => $"{Version} {Source} {Options} {Importance}";
}

/// <summary>What an earlier run left of a file.</summary>
/// <param name="Tensors">How many tensors are whole.</param>
/// <param name="WhyNot">Why what is there is not gone on with, as the end of a sentence; null where it is, or where nothing is there.</param>
internal readonly record struct Earlier(int Tensors, string? WhyNot);
