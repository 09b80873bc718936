namespace Fathom.Documents.Reading;

/// <summary>What libraries and the system say, made short enough for one sentence.</summary>
internal static class Reasons
{
    private const int Longest = 160;

    public static string Of(Exception exception)
    {
        string text = exception switch
        {
            UnauthorizedAccessException => "permission denied",
            FileNotFoundException or DirectoryNotFoundException => "it is gone",
            _ => exception.Message,
        };
        text = string.Join(' ', text.Split((char[])['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        return text.Length > Longest ? text[..Longest] + "…" : text;
    }
}
