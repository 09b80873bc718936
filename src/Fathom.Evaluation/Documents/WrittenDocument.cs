namespace Fathom.Evaluation.Documents;

/// <summary>Where a stretch of a paragraph was written.</summary>
/// <param name="Start">Its first character in the paragraph.</param>
/// <param name="Path">The file, as Fathom calls it.</param>
/// <param name="Page">The page, in PDF files.</param>
/// <param name="Line">The line or paragraph.</param>
internal readonly record struct WrittenLine(int Start, string Path, int? Page, int Line);

/// <summary>A file made of paragraphs, and where every line of them went. Written down while writing, so that reading can be held against it.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Paragraphs">The paragraphs.</param>
/// <param name="Lines">The lines of each paragraph.</param>
internal sealed record WrittenDocument(string Name, byte[] Content, IReadOnlyList<string> Paragraphs, IReadOnlyList<WrittenLine[]> Lines)
{
    /// <summary>The lines that a sentence stands in.</summary>
    /// <exception cref="ArgumentException">No paragraph has it.</exception>
    public WrittenLine[] LinesOf(string sentence)
    {
        for (int i = 0; i < Paragraphs.Count; i++)
        {
            int start = Paragraphs[i].IndexOf(sentence, StringComparison.Ordinal);
            if (start < 0) continue;
            WrittenLine[] lines = Lines[i];
            int first = Array.FindLastIndex(lines, line => line.Start <= start);
            int last = Array.FindLastIndex(lines, line => line.Start < start + sentence.Length);
            return lines[first..(last + 1)];
        }

        throw new ArgumentException($"No paragraph has the sentence \"{sentence}\".");
    }
}
