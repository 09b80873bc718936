namespace Fathom.Cli.Chat;

/// <summary>Where a chat's input comes from.</summary>
internal interface ILineSource
{
    /// <summary>The next line; null at the end of the input.</summary>
    string? ReadLine();
}

/// <summary>Lines of a pipe or a file.</summary>
internal sealed class PlainLines(TextReader reader) : ILineSource
{
    public string? ReadLine() => reader.ReadLine();
}
