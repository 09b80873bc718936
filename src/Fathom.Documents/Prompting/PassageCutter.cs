namespace Fathom.Documents.Prompting;

/// <summary>Gathers the lines of documents into passages: never over a page's end, rather at empty lines and headings.</summary>
internal static class PassageCutter
{
    public static List<Passage> Cut(IReadOnlyList<SourceDocument> documents, PromptOptions options)
    {
        var passages = new List<Passage>();
        int number = options.FirstNumber;
        foreach (SourceDocument document in documents)
        {
            int first = 0;
            int characters = 0;
            for (int i = 0; i < document.Pieces.Count; i++)
            {
                if (i > first && Breaks(document, i, characters, options.PassageCharacters))
                {
                    passages.Add(new Passage(number++, document, first, i - 1));
                    first = i;
                    characters = 0;
                }

                characters += document.Pieces[i].Text.Length;
            }

            if (document.Pieces.Count > 0) passages.Add(new Passage(number++, document, first, document.Pieces.Count - 1));
        }

        return passages;
    }

    /// <summary>Whether a new passage begins at a piece.</summary>
    private static bool Breaks(SourceDocument document, int index, int characters, int most)
    {
        SourcePiece piece = document.Pieces[index];
        SourcePiece before = document.Pieces[index - 1];
        if (!piece.IsBeside(before) || characters + piece.Text.Length > most) return true;
        bool isAfterGap = piece.Line > before.Line + 1;
        bool isHeading = document.Kind is DocumentKind.Markdown or DocumentKind.Word or DocumentKind.Html && piece.Text.StartsWith('#');
        return isHeading || (isAfterGap && characters >= most / 4);
    }
}
