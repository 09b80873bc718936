using System.Text;

namespace Fathom.Documents.Tests;

/// <summary>Pages, lines and text of sound files of every kind.</summary>
public sealed class ReadTests
{
    private readonly DocumentReader reader = new();

    [Fact]
    public void A_PDF_of_500_pages_has_its_lines_on_their_pages()
    {
        string[][] pages = [.. Enumerable.Range(1, 500).Select(page => Enumerable.Range(1, 40).Select(line => $"Page {page} line {line} says that clause {page * line} holds.").ToArray())];
        SourceDocument document = One("long.pdf", Files.Pdf(pages));
        Assert.Equal(DocumentKind.Pdf, document.Kind);
        Assert.Equal(500, document.Pages);
        Assert.Equal(20_000, document.Pieces.Count);
        for (int i = 0; i < document.Pieces.Count; i++)
        {
            SourcePiece piece = document.Pieces[i];
            Assert.Equal((i / 40) + 1, piece.Page);
            Assert.Equal((i % 40) + 1, piece.Line);
            Assert.Equal(pages[i / 40][i % 40], piece.Text);
        }

        Assert.Equal("long.pdf, page 3, lines 4-6", document.PlaceOf(83, 85).ToString());
    }

    [Fact]
    public void Columns_of_text_are_read_one_after_the_other()
    {
        string[] left = [.. Enumerable.Range(1, 12).Select(i => $"left column words that fill the line {i:00}")];
        string[] right = [.. Enumerable.Range(1, 12).Select(i => $"right column words that fill the line {i:00}")];
        SourceDocument document = One("columns.pdf", Files.TwoColumns("A headline over both of the columns of this page", left, right));
        Assert.Equal(["A headline over both of the columns of this page", .. left, .. right], document.Pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Three_columns_are_read_one_after_the_other()
    {
        string[][] columns = [.. new[] { "left", "middle", "right" }.Select(name => Enumerable.Range(1, 14).Select(i => $"{name} column text of line {i:00}").ToArray())];
        byte[] pdf = Files.Placed([(50, 800, 16, "A headline that goes over all three of the columns"), .. columns.SelectMany((lines, column) => lines.Select((line, i) => (50.0 + (column * 175), 760.0 - (14 * i), 10.0, line)))]);
        Assert.Equal(["A headline that goes over all three of the columns", .. columns.SelectMany(lines => lines)], One("three.pdf", pdf).Pieces.Select(piece => piece.Text));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 0)]
    [InlineData(true, 5)]
    public void Headlines_and_figures_between_columns_end_what_stands_above(bool hasHeadline, double offset)
    {
        // The lines of the right column may stand on heights of their own.
        string[] Column(string name) => [.. Enumerable.Range(1, 8).Select(i => $"{name} words that fill most of the line {i:00}")];
        (double, double, double, string)[] At(double x, double y, string name) => [.. Column(name).Select((line, i) => (x, y - (14 * i), 10.0, line))];
        byte[] pdf = Files.Placed([.. At(50, 800, "upper left"), .. At(310, 800 - offset, "upper right"), .. hasHeadline ? [(50.0, 640.0, 14.0, "The second chapter goes over both columns of this page")] : Array.Empty<(double, double, double, string)>(), .. At(50, 560, "lower left"), .. At(310, 560 - offset, "lower right")]);
        Assert.Equal(
            [.. Column("upper left"), .. Column("upper right"), .. hasHeadline ? ["The second chapter goes over both columns of this page"] : Array.Empty<string>(), .. Column("lower left"), .. Column("lower right")],
            One("chapters.pdf", pdf).Pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void A_table_of_three_columns_stays_in_rows()
    {
        byte[] pdf = Files.Placed([.. Enumerable.Range(1, 14).SelectMany(i => new[] { (50.0, 760.0 - (14 * i), 10.0, $"Item {i}"), (225.0, 760.0 - (14 * i), 10.0, $"{i * 3}"), (400.0, 760.0 - (14 * i), 10.0, $"{i * 10}.00") })]);
        Assert.Contains("Item 7 21 70.00", One("table.pdf", pdf).Pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Rows_of_a_table_stay_together()
    {
        string[] left = [.. Enumerable.Range(1, 12).Select(i => $"Item {i}")];
        string[] right = [.. Enumerable.Range(1, 12).Select(i => $"{i * 10}.00")];
        SourceDocument document = One("table.pdf", Files.TwoColumns("Prices", left, right));
        Assert.Contains("Item 7 70.00", document.Pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Pages_without_text_are_reported()
    {
        DocumentSet set = reader.Read("scan.pdf", Files.Pdf(["Text"], [], [], ["Text"], []));
        Assert.Equal(2, Assert.Single(set.Documents).Pieces.Count);
        SkippedFile note = Assert.Single(set.Skipped);
        Assert.Equal(SkipReason.NoText, note.Reason);
        Assert.Contains("pages 2-3, 5 of 5", note.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Word_document_has_headings_tables_changes_and_footnotes()
    {
        SourceDocument document = One("lease.docx", Files.Docx());
        Assert.Equal(DocumentKind.Word, document.Kind);
        Assert.Equal(
            [(1, "## Terms"), (2, "The tenant pays on the first."), (4, "Kept new"), (5, "Item | Price"), (7, "Rent | 900"), (9, "- Entry"), (1, "A footnote.")],
            document.Pieces.Select(piece => (piece.Line, piece.Text)));
        Assert.Equal("lease.docx, paragraph 2", document.PlaceOf(1, 1).ToString());
        Assert.Equal("lease.docx, footnotes, paragraph 1", document.PlaceOf(6, 6).ToString());
    }

    [Fact]
    public void A_workbook_has_sheets_rows_dates_and_gaps()
    {
        SourceDocument document = One("costs.xlsx", Files.Xlsx());
        Assert.Equal(DocumentKind.Spreadsheet, document.Kind);
        Assert.Equal([(1, 1, "Rent | 900.5 |  | 2023-03-15"), (1, 4, "TRUE | 0.3 | Z: 9"), (2, 1, "inline")], document.Pieces.Select(piece => (piece.Page!.Value, piece.Line, piece.Text)));
        Assert.Equal("costs.xlsx, sheet 1 \"Costs\", row 4", document.PlaceOf(1, 1).ToString());
    }

    [Fact]
    public void Slides_come_in_the_order_they_are_shown()
    {
        SourceDocument document = One("talk.pptx", Files.Pptx(["First", "point"], ["Second"]));
        Assert.Equal(DocumentKind.Presentation, document.Kind);
        Assert.Equal([(1, 1, "First"), (1, 2, "point"), (2, 1, "Second")], document.Pieces.Select(piece => (piece.Page!.Value, piece.Line, piece.Text)));
        Assert.Equal("talk.pptx, slide 2, line 1", document.PlaceOf(2, 2).ToString());
    }

    [Fact]
    public void An_OpenDocument_text_has_headings_tables_lists_and_no_deleted_text()
    {
        SourceDocument document = One("lease.odt", Files.OpenDocument("text", """
            <office:text><text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>
            <text:h text:outline-level="2">Terms</text:h><text:p>The tenant<text:s/>pays
             <text:span>on the first.</text:span></text:p><text:p/><text:list><text:list-item><text:p>Entry</text:p></text:list-item></text:list>
            <table:table><table:table-row><table:table-cell><text:p>Item</text:p></table:table-cell><table:table-cell><text:p>Price</text:p></table:table-cell></table:table-row>
            <table:table-row><table:table-cell><text:p>Rent</text:p></table:table-cell><table:table-cell><text:p>900</text:p></table:table-cell></table:table-row></table:table></office:text>
            """));
        Assert.Equal(DocumentKind.Word, document.Kind);
        Assert.Equal([(1, "## Terms"), (2, "The tenant pays on the first."), (4, "- Entry"), (5, "Item | Price"), (6, "Rent | 900")], document.Pieces.Select(piece => (piece.Line, piece.Text)));
    }

    [Fact]
    public void An_OpenDocument_workbook_has_sheets_and_repeated_rows()
    {
        SourceDocument document = One("costs.ods", Files.OpenDocument("spreadsheet", """
            <office:spreadsheet><table:table table:name="Costs"><table:table-row><table:table-cell><text:p>Rent</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell><text:p>900.50</text:p></table:table-cell></table:table-row>
            <table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>
            <table:table-row table:number-rows-repeated="2"><table:table-cell><text:p>same</text:p></table:table-cell></table:table-row>
            <table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>
            <table:table table:name="Notes"><table:table-row><table:table-cell><text:p>inline</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>
            """));
        Assert.Equal(2, document.Pages);
        Assert.Equal([(1, 1, "Rent |  |  | 900.50"), (1, 5, "same"), (1, 6, "same"), (2, 1, "inline")], document.Pieces.Select(piece => (piece.Page!.Value, piece.Line, piece.Text)));
        Assert.Equal("costs.ods, sheet 1 \"Costs\", row 5", document.PlaceOf(1, 1).ToString());
    }

    [Fact]
    public void An_OpenDocument_presentation_has_slides_and_notes()
    {
        SourceDocument document = One("talk.odp", Files.OpenDocument("presentation", """
            <office:presentation><draw:page><draw:frame><draw:text-box><text:p>First</text:p><text:list><text:list-item><text:p>point</text:p></text:list-item></text:list></draw:text-box></draw:frame>
            <presentation:notes><draw:frame><draw:text-box><text:p>say this</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>
            <draw:page><draw:frame><draw:text-box><text:p>Second</text:p></draw:text-box></draw:frame></draw:page></office:presentation>
            """));
        Assert.Equal([(1, 1, "First", null), (1, 2, "- point", null), (1, 1, "say this", "notes"), (2, 1, "Second", (string?)null)], document.Pieces.Select(piece => (piece.Page!.Value, piece.Line, piece.Text, piece.Part)));
    }

    [Fact]
    public void Only_what_a_web_page_shows_is_read()
    {
        const string Page = """
            <!DOCTYPE html><html><head><title>Shop</title><style>p{}</style></head><body><script>var no = 1;</script>
            <h1>Our   offer</h1><p>Two <b>bold</b>
            words<br>and a line.</p><div hidden>secret</div><div style="display: none">secret</div><!-- secret -->
            <ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>b</td></tr></table><pre>x
              y</pre></body></html>
            """;
        SourceDocument document = One("page.txt", Files.Utf8(Page));
        Assert.Equal(DocumentKind.Html, document.Kind);
        Assert.Equal(["Shop", "# Our offer", "Two bold words", "and a line.", "- one", "- two", "a | b", "x", "  y"], document.Pieces.Select(piece => piece.Text));
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-8", false)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    [InlineData("utf-32", true)]
    [InlineData("windows-1252", false)]
    public void Text_is_read_in_common_encodings(string name, bool hasMark)
    {
        const string Text = "Grüße aus Köln, wo die Straßen im Frühjahr voller Blüten sind.\r\nÜber dem Fluss hängt Nebel, und die Fähre fährt später.\r\n\r\nÄpfel kosten 3 Mark.";
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var encoding = Encoding.GetEncoding(name);
        byte[] content = [.. hasMark ? encoding.GetPreamble() : [], .. encoding.GetBytes(Text)];
        SourceDocument document = One("text.txt", content);
        Assert.Equal(["Grüße aus Köln, wo die Straßen im Frühjahr voller Blüten sind.", "Über dem Fluss hängt Nebel, und die Fähre fährt später.", "Äpfel kosten 3 Mark."], document.Pieces.Select(piece => piece.Text));
        Assert.Equal([1, 2, 4], document.Pieces.Select(piece => piece.Line));
    }

    [Fact]
    public void Other_code_pages_are_guessed()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        string text = string.Concat(Enumerable.Repeat("Широкая электрификация южных губерний даст мощный толчок подъёму сельского хозяйства. ", 10)).Trim();
        Assert.Equal(text, string.Concat(One("russian.txt", Encoding.GetEncoding(1251).GetBytes(text)).Pieces.Select(piece => piece.Text)));
    }

    [Fact]
    public void A_page_may_declare_its_encoding()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        byte[] page = Encoding.GetEncoding(1250).GetBytes("<html><head><meta charset=\"windows-1250\"></head><body>Příliš žluťoučký kůň</body></html>");
        Assert.Equal("Příliš žluťoučký kůň", One("page.html", page).Pieces[0].Text);
    }

    [Fact]
    public void Line_ends_of_all_systems_count_alike()
    {
        Assert.Equal([(1, "a"), (2, "b"), (3, "c"), (5, "d")], One("x.txt", Files.Utf8("a\r\nb\nc\r\rd")).Pieces.Select(piece => (piece.Line, piece.Text)));
    }

    [Fact]
    public void Very_long_lines_come_in_pieces_of_one_number()
    {
        string line = string.Join(' ', Enumerable.Range(0, 3_000));
        SourceDocument document = One("long.json", Files.Utf8(line));
        Assert.True(document.Pieces.Count > 5);
        Assert.All(document.Pieces, piece => Assert.Equal(1, piece.Line));
        Assert.Equal(line, string.Concat(document.Pieces.Select(piece => piece.Text)));
    }

    [Fact]
    public void Archives_are_read_with_paths_through_them()
    {
        byte[] inner = Files.Zip(("deep.txt", Files.Utf8("deep")));
        DocumentSet set = reader.Read("all.zip", Files.Zip(("b/notes.md", Files.Utf8("# Notes")), ("a.pdf", Files.Pdf(["Line"])), ("inner.zip", inner), ("node_modules/x.js", Files.Utf8("x"))));
        Assert.Equal(["all.zip/a.pdf", "all.zip/b/notes.md", "all.zip/inner.zip/deep.txt"], set.Documents.Select(document => document.Path));
        Assert.Equal(SkipReason.Vendored, Assert.Single(set.Skipped).Reason);
    }

    [Fact]
    public void What_a_file_is_its_content_decides()
    {
        Assert.Equal(DocumentKind.Pdf, One("a.docx", Files.Pdf(["x"])).Kind);
        Assert.Equal(DocumentKind.Word, One("a.pdf", Files.Docx()).Kind);
        Assert.Equal(DocumentKind.Spreadsheet, One("a.zip", Files.Xlsx()).Kind);
        Assert.Equal(DocumentKind.Text, One("a.pdf", Files.Utf8("only text")).Kind);
    }

    private SourceDocument One(string name, byte[] content)
    {
        DocumentSet set = reader.Read(name, content);
        Assert.Empty(set.Skipped);
        return Assert.Single(set.Documents);
    }
}
