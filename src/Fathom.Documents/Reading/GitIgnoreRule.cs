using System.Text;
using System.Text.RegularExpressions;

namespace Fathom.Documents.Reading;

/// <summary>One line of a .gitignore file.</summary>
internal sealed class GitIgnoreRule
{
    private readonly Regex pattern;

    private GitIgnoreRule(Regex pattern, bool isNegated, bool isForFolders, bool isForWholePath) =>
        (this.pattern, IsNegated, IsForFolders, IsForWholePath) = (pattern, isNegated, isForFolders, isForWholePath);

    /// <summary>Whether what matches is taken in again.</summary>
    public bool IsNegated { get; }

    /// <summary>Whether only folders can match.</summary>
    public bool IsForFolders { get; }

    /// <summary>Whether the path from the .gitignore file's folder is meant, not only the last name.</summary>
    public bool IsForWholePath { get; }

    /// <summary>Reads one line; null for empty lines, comments and patterns that match nothing.</summary>
    public static GitIgnoreRule? Parse(string line)
    {
        // Spaces at the end do not count unless a backslash stands before them.
        int end = line.TrimEnd('\r').Length;
        while (end > 0 && line[end - 1] == ' ' && !(end > 1 && line[end - 2] == '\\')) end--;
        ReadOnlySpan<char> text = line.AsSpan(0, end);
        if (text.IsEmpty || text[0] == '#') return null;
        bool isNegated = text[0] == '!';
        if (isNegated) text = text[1..];
        bool isForFolders = text.EndsWith("/");
        if (isForFolders) text = text[..^1];
        if (text.IsEmpty) return null;
        bool isForWholePath = text.Contains('/');
        if (text[0] == '/') text = text[1..];
        string expression = Expression(text);

        // No backtracking, so that no pattern, however odd, takes more than linear time.
        try
        {
            return new GitIgnoreRule(new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline), isNegated, isForFolders, isForWholePath);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Whether the rule is about this file or folder.</summary>
    /// <param name="path">The path from the folder of the .gitignore file, with forward slashes.</param>
    /// <param name="isFolder">Whether it is a folder.</param>
    public bool Matches(string path, bool isFolder)
    {
        if (IsForFolders && !isFolder) return false;
        return pattern.IsMatch(IsForWholePath ? path : path[(path.LastIndexOf('/') + 1)..]);
    }

    private static string Expression(ReadOnlySpan<char> glob)
    {
        var text = new StringBuilder("^");
        for (int i = 0; i < glob.Length; i++)
        {
            char c = glob[i];
            if (c == '*')
            {
                bool isDouble = i + 1 < glob.Length && glob[i + 1] == '*';
                bool startsName = i == 0 || glob[i - 1] == '/';
                if (isDouble && startsName && i + 2 == glob.Length) return text.Append(".+$").ToString();
                if (isDouble && startsName && glob[i + 2] == '/')
                {
                    text.Append("(?:.*/)?");
                    i += 2;
                    continue;
                }

                while (i + 1 < glob.Length && glob[i + 1] == '*') i++;
                text.Append("[^/]*");
            }
            else if (c == '?')
            {
                text.Append("[^/]");
            }
            else if (c == '[' && ClassEnd(glob, i) is > 0 and int end)
            {
                text.Append(Class(glob[(i + 1)..end]));
                i = end;
            }
            else
            {
                if (c == '\\' && i + 1 < glob.Length) c = glob[++i];
                text.Append(Regex.Escape(c.ToString()));
            }
        }

        return text.Append('$').ToString();
    }

    /// <summary>Where a character class ends; a closing bracket right at its beginning is a member.</summary>
    private static int ClassEnd(ReadOnlySpan<char> glob, int start)
    {
        int i = start + 1;
        if (i < glob.Length && glob[i] is '!' or '^') i++;
        if (i < glob.Length && glob[i] == ']') i++;
        for (; i < glob.Length; i++)
        {
            if (glob[i] == '\\') i++;
            else if (glob[i] == ']') return i;
        }

        return -1;
    }

    private static string Class(ReadOnlySpan<char> members)
    {
        var text = new StringBuilder("[");
        int i = 0;
        if (members.Length > 0 && members[0] is '!' or '^')
        {
            text.Append("^/");
            i = 1;
        }

        for (; i < members.Length; i++)
        {
            char c = members[i];
            if (c == '\\' && i + 1 < members.Length) c = members[++i];
            if (c is '\\' or ']' or '[' or '^') text.Append('\\');
            text.Append(c);
        }

        return text.Append(']').ToString();
    }
}
