using System.Runtime.InteropServices;
using System.Text;
using Fathom.Documents.Citations;

namespace Fathom.Documents.Sources;

/// <summary>A sentence of a document: words from one index to another, and the heading above it.</summary>
/// <param name="FirstWord">Index of the first word.</param>
/// <param name="EndWord">Index after the last word.</param>
/// <param name="Heading">Index of the sentence that is the heading above it; −1 for none.</param>
internal readonly record struct SourceSentence(int FirstWord, int EndWord, int Heading);

/// <summary>The words of one document by sentences. Sentences go on over lines and pages; lines of tables and source code, entries and headings stand for themselves.</summary>
internal sealed class SourceSentences
{
    /// <summary>A sentence of more words is most likely none; it is cut.</summary>
    private const int LongestSentence = 80;

    private readonly List<int> words = [];
    private readonly List<int> wordPieces = [];
    private readonly List<int> wordStarts = [];
    private readonly List<SourceSentence> sentences = [];

    public SourceSentences(SourceDocument document, Dictionary<string, int> vocabulary)
    {
        Document = document;
        var lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        bool isByLine = document.Kind is DocumentKind.Code or DocumentKind.Data or DocumentKind.Spreadsheet or DocumentKind.Presentation;
        bool isByParagraph = isByLine || document.Kind is DocumentKind.Word or DocumentKind.Html;
        var normal = new StringBuilder();
        char[] stem = new char[4_096];
        int heading = -1;
        for (int i = 0; i < document.Pieces.Count; i++)
        {
            SourcePiece piece = document.Pieces[i];
            SourcePiece? before = i == 0 ? null : document.Pieces[i - 1];
            bool isHeading = !isByLine && piece.Text.StartsWith('#');
            bool isEntry = piece.Text.AsSpan().TrimStart() is ['-' or '*' or '•' or '|', ' ', ..];
            bool isApart = before is not null && (piece.Part != before.Part || (piece.Page == before.Page && piece.Line > before.Line + 1));
            if (!piece.IsContinuation && (isByParagraph || isHeading || isEntry || isApart)) EndSentence(heading);

            // A word that a hyphen cuts at the line's end goes on in the next line.
            normal.Clear();
            NormalText.Append(normal, piece.Text, isJoined: true, isPlain: true);
            if (i + 1 < document.Pieces.Count && normal.Length > 1 && normal[^1] == '-' && char.IsLetter(normal[^2]) && document.Pieces[i + 1].Text is [var next, ..] && char.IsLower(next))
            {
                normal.Length--;
                int end = document.Pieces[i + 1].Text.AsSpan().IndexOfAny(' ', '-');
                normal.Append(end < 0 ? document.Pieces[i + 1].Text : document.Pieces[i + 1].Text.AsSpan(0, end));
            }

            ReadOnlySpan<char> text = normal.ToString();
            int last = 0;
            for (int position = 0; SourceWords.Next(text, ref position, out int start);)
            {
                if (!isByLine && EndsSentence(text[last..start], text[start])) EndSentence(heading);
                if (position - start > stem.Length) stem = new char[position - start];
                int length = SourceWords.Stem(text[start..position], stem);
                ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(lookup, stem.AsSpan(0, length), out bool isKnown);
                if (!isKnown) id = vocabulary.Count - 1;
                words.Add(id);
                wordPieces.Add(i);
                wordStarts.Add(start);
                last = position;
                if (words.Count - FirstOfOpen >= LongestSentence) EndSentence(heading);
            }

            if (!isByLine && text[last..].IndexOfAny('.', '!', '?') >= 0) EndSentence(heading);
            if (!isHeading) continue;
            EndSentence(-1);
            heading = sentences.Count - 1;
        }

        EndSentence(heading);
    }

    public SourceDocument Document { get; }

    public IReadOnlyList<SourceSentence> Sentences => sentences;

    /// <summary>Ids of the words of a sentence.</summary>
    public ReadOnlySpan<int> WordsOf(SourceSentence sentence) => CollectionsMarshal.AsSpan(words)[sentence.FirstWord..sentence.EndWord];

    /// <summary>The first and the last piece that a sentence has weighty words in; all its pieces when none has weight.</summary>
    /// <param name="sentence">The sentence.</param>
    /// <param name="weight">The weight of a word.</param>
    /// <param name="share">Words with less than this share of the highest weight do not count.</param>
    public (int First, int Last) PiecesWith(SourceSentence sentence, Func<int, double> weight, double share)
    {
        double least = share * Enumerable.Range(sentence.FirstWord, sentence.EndWord - sentence.FirstWord).Max(word => weight(words[word]));
        int first = sentence.FirstWord;
        int last = sentence.EndWord - 1;
        while (first < last && weight(words[first]) < least) first++;
        while (last > first && weight(words[last]) < least) last--;
        return (wordPieces[first], wordPieces[last]);
    }

    /// <summary>The words of a sentence as they stand in its document, from the word's place in its normal form, which is the same but for a few signs.</summary>
    public string TextOf(SourceSentence sentence)
    {
        (int first, int last) = (wordPieces[sentence.FirstWord], wordPieces[sentence.EndWord - 1]);
        string text = string.Join(' ', Enumerable.Range(first, last - first + 1).Select(piece => Document.Pieces[piece].Text.Trim()));
        string opening = Document.Pieces[first].Text.TrimStart();
        int start = Math.Min(wordStarts[sentence.FirstWord], opening.Length - 1);
        while (start > 0 && !char.IsWhiteSpace(opening[start - 1])) start--;

        // The end: the next sentence's first word when it stands in the same piece.
        bool isCut = sentence.EndWord < words.Count && wordPieces[sentence.EndWord] == last;
        int tail = isCut ? Document.Pieces[last].Text.Trim().Length - wordStarts[sentence.EndWord] : 0;
        return tail > 0 && text.Length - tail > start ? text[start..(text.Length - tail)].TrimEnd() : text[start..];
    }

    private int FirstOfOpen => sentences.Count == 0 ? 0 : sentences[^1].EndWord;

    private void EndSentence(int heading)
    {
        if (words.Count > FirstOfOpen) sentences.Add(new SourceSentence(FirstOfOpen, words.Count, heading));
    }

    /// <summary>A full stop, a space and a capital letter or digit end a sentence; titles such as "Dr." do so too, which costs nothing, because neighbours count.</summary>
    private static bool EndsSentence(ReadOnlySpan<char> between, char next)
    {
        int stop = between.IndexOfAny(".!?。");
        return stop >= 0 && (between[stop] == '。' || (between.Length > stop + 1 && !char.IsLower(next)));
    }
}
