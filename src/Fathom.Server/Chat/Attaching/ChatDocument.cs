using Fathom.Documents;

namespace Fathom.Server.Chat.Attaching;

/// <summary>A document of a conversation, without its text.</summary>
/// <param name="Id">Its id, which is also the name of its file.</param>
/// <param name="Path">How it is called; no two documents of a conversation are called the same.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Pages">Pages, sheets or slides; 0 where it has none.</param>
/// <param name="Characters">Characters of its text.</param>
internal sealed record ChatDocument(string Id, string Path, DocumentKind Kind, int Pages, long Characters)
{
    /// <summary>The same name with a number, when others have it already: <c>report (2).pdf</c>.</summary>
    /// <param name="path">The name.</param>
    /// <param name="isTaken">Whether a name is in use.</param>
    public static string FreeName(string path, Func<string, bool> isTaken)
    {
        string ending = System.IO.Path.GetExtension(path), stem = path[..^ending.Length], name = path;
        for (int number = 2; isTaken(name); number++) name = FormattableString.Invariant($"{stem} ({number}){ending}");
        return name;
    }
}
