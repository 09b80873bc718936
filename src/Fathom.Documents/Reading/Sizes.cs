namespace Fathom.Documents.Reading;

/// <summary>Sizes in words.</summary>
internal static class Sizes
{
    public static string Text(long bytes) => bytes switch
    {
        < 10_000 => FormattableString.Invariant($"{bytes:n0} bytes"),
        < 10L << 20 => FormattableString.Invariant($"{bytes / 1024.0:n0} KiB"),
        < 10L << 30 => FormattableString.Invariant($"{bytes / (1024.0 * 1024):n0} MiB"),
        _ => FormattableString.Invariant($"{bytes / (1024.0 * 1024 * 1024):n0} GiB"),
    };
}
