using System.Text.Json;

namespace Fathom.Documents.Tests;

/// <summary>Quotations that stand in the documents are verified in every typographic form; those with any other word are flagged.</summary>
public sealed class CitationTests
{
    /// <summary>Sentences as they stand in the sources, broken over lines.</summary>
    private static readonly string[] Sentences =
    [
        "The tenant shall pay the rent on the first working day of each month, at the latest by noon.",
        "Notice of termination must be given in writing not less than ninety days before the end of the term.",
        "The deposit amounts to 2,850.50 euros and bears interest at 1.5 percent per year.",
        "Repairs that cost less than 75 euros are carried out by the tenant at his own expense.",
        "Die Mieterin haftet nicht für Schäden, die durch höhere Gewalt entstanden sind.",
        "Der Vermieter darf die Wohnung nur nach vorheriger Ankündigung und nicht vor 9 Uhr betreten.",
        "Les travaux d'entretien sont à la charge du propriétaire, sauf accord écrit contraire.",
        "No animals other than small pets may be kept without the landlord's prior consent.",
        "The well-known long-term arrangement between both parties remains untouched by this clause.",
        "Temperatures below -5 degrees require the heating to be kept running at all times.",
        "The office on the first floor measures 412 square metres, of which 38 are a difficult affair.",
        "Either party may refer a dispute to arbitration after thirty days of negotiation have passed.",
        "Subletting – even in part – is allowed only if the owner said \"yes\" beforehand.",
        "Insurance against fire, water and theft is taken out by the landlord for the whole building.",
        "Keys handed over at the beginning shall be returned complete; lost keys are charged at cost.",
    ];

    private static readonly CitationChecker Checker = new(new DocumentPrompt(Sources(), text => text.Length / 4, new PromptOptions { PassageCharacters = 200 }));

    public static TheoryData<string> Right => new(RightOnes().Distinct());

    public static TheoryData<string> Wrong => new(WrongOnes().Distinct());

    [Fact]
    public void The_corpus_is_large()
    {
        int right = RightOnes().Distinct().Count();
        int wrong = WrongOnes().Distinct().Count();
        TestContext.Current.TestOutputHelper?.WriteLine($"{right} right, {wrong} wrong");
        Assert.True(right >= 150 && wrong >= 150, $"{right} right, {wrong} wrong.");
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void Right_quotations_are_verified(string answer)
    {
        CitationReport report = Checker.Check(answer);
        CheckedQuotation quotation = Assert.Single(report.Quotations);
        Assert.True(quotation.Status == QuotationStatus.Verified, report.ToText());
        Assert.NotEmpty(quotation.Places);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Wrong_quotations_are_flagged(string answer)
    {
        CitationReport report = Checker.Check(answer);
        Assert.True(Assert.Single(report.Quotations).Status == QuotationStatus.NotFound, report.ToText());
        Assert.False(report.IsClean);
    }

    [Fact]
    public void A_quotation_has_its_page_lines_and_number()
    {
        var source = new SourceDocument("a.pdf", DocumentKind.Pdf, [new("First line of words", 1, 1), new("Second line of words", 2, 1), new("Third line of donau-", 1, 2), new("dampf words", 2, 2)]);
        var checker = new CitationChecker(new DocumentPrompt([source], text => text.Length, new PromptOptions { PassageCharacters = 0 }));
        CheckedQuotation quotation = Assert.Single(checker.Check("“Line of words second”, “line of donaudampf words”").Quotations, found => found.Status == QuotationStatus.Verified);
        FoundPlace place = Assert.Single(quotation.Places);
        Assert.Equal("a.pdf, page 2, lines 1-2 [3-4]", place.ToString());
    }

    [Fact]
    public void A_sentence_goes_on_over_a_page_with_running_head_and_foot()
    {
        SourcePiece[] pieces = [.. Enumerable.Range(1, 4).SelectMany(page => (SourcePiece[])[new("Annual report", 1, page), new($"The sum of part {(char)('A' + page)} is", 2, page), new($"Page {page} of 4", 3, page)])];
        pieces[4] = pieces[4] with { Text = "carried over to the next year." };
        pieces[1] = pieces[1] with { Text = "The surplus of this year is" };
        var checker = new CitationChecker(new DocumentPrompt([new SourceDocument("r.pdf", DocumentKind.Pdf, pieces)], text => text.Length));
        CitationReport report = checker.Check("\"The surplus of this year is carried over to the next year\" and \"Page 3 of 4\"");
        Assert.Equal(2, report.Verified);
        Assert.Equal("r.pdf, page 1, line 2 to page 2, line 2", report.Quotations[0].Places[0].Place.ToString());
    }

    [Fact]
    public void Citations_are_held_against_the_passages()
    {
        CitationReport report = Checker.Check("It says so [1], [2-3] and [1, 3-4]; not [99], not [4-2], not [2-400]; marked `[4]`. Code `a[77]` and [88](link) are none.\n```\n[66]\n```\n");
        Assert.Equal(["[1]", "[2-3]", "[1, 3-4]", "[99]", "[4-2]", "[2-400]", "[4]"], report.Citations.Select(citation => citation.Text));
        Assert.Equal([true, true, true, false, false, false, true], report.Citations.Select(citation => citation.IsKnown));
    }

    [Fact]
    public void A_quotation_that_stands_elsewhere_than_cited_is_told_apart()
    {
        CheckedQuotation right = Assert.Single(Checker.Check("\"No animals other than small pets\"").Quotations);
        int number = right.Places[0].FirstNumber;
        Assert.Equal(QuotationStatus.Verified, Assert.Single(Checker.Check($"The lease says “No animals other than small pets” [{number}].").Quotations).Status);
        Assert.Equal(QuotationStatus.Verified, Assert.Single(Checker.Check($"The lease says “No animals other than small pets.” [1][{number}]").Quotations).Status);
        CitationReport wrong = Checker.Check($"The lease says “No animals other than small pets” [{number + 1}].");
        Assert.Equal(QuotationStatus.FoundElsewhere, Assert.Single(wrong.Quotations).Status);
        Assert.Contains($"is not in [{number + 1}] but in", wrong.ToText(), StringComparison.Ordinal);
        Assert.Null(Assert.Single(Checker.Check("He wrote “No animals other than small pets”. Then something else was said [1].").Quotations).Citation);
    }

    [Fact]
    public void The_nearest_place_is_named_for_a_wrong_quotation()
    {
        CitationReport report = Checker.Check("“The tenant shall pay the rent on the second working day”");
        CheckedQuotation quotation = Assert.Single(report.Quotations);
        Assert.Equal("The tenant shall pay the rent on the", quotation.AgreesUntil);
        Assert.Contains("agrees until \"The tenant shall pay the rent on the\"", report.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Reports_come_as_text_Markdown_and_JSON()
    {
        CitationReport report = Checker.Check("“No animals other than small pets” [1] and „falsch zitiert“ [99].");
        Assert.StartsWith("0 of 2 quotations verified, 1 found elsewhere than cited, 1 NOT FOUND in the documents; 1 of 2 citations name passages that do not exist.", report.ToText(), StringComparison.Ordinal);
        Assert.Contains("- NOT FOUND “falsch zitiert” stands in no document", report.ToMarkdown(), StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(report.ToJson()).RootElement;
        Assert.False(json.GetProperty("isClean").GetBoolean());
        Assert.Equal("found_elsewhere", json.GetProperty("quotations")[0].GetProperty("status").GetString());
        Assert.Equal("lease.pdf", json.GetProperty("quotations")[0].GetProperty("places")[0].GetProperty("path").GetString());
        Assert.True(new CitationChecker(new DocumentPrompt([], text => text.Length)).Check("Nothing at all.").IsClean);
    }

    [Theory]
    [InlineData("A 3.5\" disk and a 5\" one.", 0)]
    [InlineData("Don't and ‘tis and the '90s.", 0)]
    [InlineData("“one” and «two» and „three“ and »four« and \"five\" and `six`", 6)]
    [InlineData("„außen ‚innen‘ außen“", 1)]
    [InlineData("„one\" and “two\"", 2)]
    [InlineData("“he said \"no\" and left”", 1)]
    [InlineData("(\"one\"), [\"two\"]; \"three\".", 3)]
    [InlineData("“never closed and so on", 1)]
    [InlineData("```\n\"fenced\"\n```\nand \"open\"", 1)]
    [InlineData("> A block\n> of words [1]\n\nand text", 1)]
    [InlineData("``code with ` inside``", 1)]
    [InlineData("\"—\" and `()`", 0)]
    [InlineData("It is so `[1]`, and so \"[2-3]\" and `[1], [4]`, but `[a]` is a word", 1)]
    [InlineData("", 0)]
    public void Quotations_are_found_in_all_forms(string answer, int count) => Assert.Equal(count, Checker.Check(answer).Quotations.Count);

    [Fact]
    public void Large_documents_are_checked_fast()
    {
        SourcePiece[] pieces = [.. Enumerable.Range(1, 60_000).Select(line => new SourcePiece($"Line {line} of a long book in which nearly every line is like the others.", line))];
        var checker = new CitationChecker(new DocumentPrompt([new SourceDocument("book.txt", DocumentKind.Text, pieces)], text => text.Length));
        string answer = string.Concat(Enumerable.Range(1, 100).Select(i => $"“{i * 500} of a long book in which … like the others” and “of a long novel {i}”\n\n"));
        Assert.Equal(100, checker.Check(answer).Verified);

        // Every line has the first words; the last ones are nowhere, or too far away.
        Assert.Equal(0, checker.Check("“of a long book … never written” and “Line 1 of a … 59999 of a long”").Verified);
    }

    [Fact]
    public void Random_stretches_of_this_repository_are_verified_and_changed_ones_are_not()
    {
        DocumentSet set = new DocumentReader().Read([Repository.PathOf("docs"), Repository.PathOf("ARCHITECTURE.md"), Repository.PathOf("CONTRIBUTING.md"), Repository.PathOf("src", "Fathom.Text")]);
        var checker = new CitationChecker(new DocumentPrompt(set.Documents, text => text.Length));
        var random = new Random(11);
        int tried = 0;
        for (int i = 0; i < 1_500; i++)
        {
            SourceDocument document = set.Documents[random.Next(set.Documents.Count)];
            int from = random.Next(document.Pieces.Count);
            string[] words = string.Join(' ', document.Pieces.Skip(from).Take(6).Select(piece => piece.Text)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            int start = random.Next(Math.Max(1, words.Length - 4));
            string[] taken = words[start..Math.Min(words.Length, start + 3 + random.Next(20))];
            if (!taken.Any(word => word.Any(char.IsLetterOrDigit)) || CitationLike(taken[^1]) || taken[0].StartsWith('>') || taken[0].StartsWith("~~~", StringComparison.Ordinal)) continue;
            tried++;
            string answer = "> " + string.Join(i % 3 == 0 ? "\n> " : " ", taken);
            CitationReport right = checker.Check(answer);
            Assert.True(right.Quotations.Count == 1 && right.Quotations[0].Places.Count > 0, $"{document.Path}: {answer}\n{right.ToText()}");
            taken[random.Next(taken.Length)] = "zyxwv";
            CheckedQuotation wrong = Assert.Single(checker.Check("> " + string.Join(' ', taken)).Quotations);
            Assert.True(wrong.Status == QuotationStatus.NotFound, string.Join(' ', taken));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{tried} stretches");
        Assert.True(tried > 1_000, $"Only {tried} stretches were tried.");

        static bool CitationLike(string word) => word.Contains('[', StringComparison.Ordinal) || word.Contains(']', StringComparison.Ordinal);
    }

    private static SourceDocument[] Sources()
    {
        // Narrow lines with words broken at their ends, as in a PDF; and the same once more as a Word document would have it.
        var pieces = new List<SourcePiece>();
        for (int i = 0; i < Sentences.Length; i++)
        {
            string[] lines = [.. Broken(Sentences[i])];
            for (int k = 0; k < lines.Length; k++) pieces.Add(new SourcePiece(lines[k], ((i % 5) * 10) + k + 1, (i / 5) + 1));
        }

        return
        [
            new SourceDocument("lease.pdf", DocumentKind.Pdf, pieces) { Pages = 3 },
            new SourceDocument("notes.md", DocumentKind.Markdown, [new("# Notes", 1), new("The **whole** amount is due `at once`, says the agent.", 3), new("Vor- und Nachteile sind bekannt.", 4), new("合同在签署之日起", 6), new("三十天内生效。", 7)]),
            new SourceDocument("code.cs", DocumentKind.Code, [new("int sum = a * b;", 1), new("if (x | y) return values[3];", 2), new("// eﬃcient ﬂow of o\u0308l", 3), new("void bit ( const unsigned char * str, int len )", 4)]),
        ];
    }

    /// <summary>Lines of about thirty characters; long words are broken with a hyphen.</summary>
    private static IEnumerable<string> Broken(string sentence)
    {
        string line = string.Empty;
        foreach (string word in sentence.Split(' '))
        {
            if (line.Length + word.Length < 30)
            {
                line += (line.Length > 0 ? " " : string.Empty) + word;
            }
            else if (word.Length > 7 && word.All(char.IsLetter))
            {
                yield return $"{line} {word[..4]}-";
                line = word[4..];
            }
            else
            {
                yield return line;
                line = word;
            }
        }

        yield return line;
    }

    private static IEnumerable<string> RightOnes()
    {
        for (int i = 0; i < Sentences.Length; i++)
        {
            string sentence = Sentences[i];
            string[] words = sentence.Split(' ');
            string part = string.Join(' ', words[1..^1]);
            yield return $"It says “{sentence}”";
            yield return $"Es heißt „{part}“.";
            yield return $"Il dit « {part} » ici.";
            yield return $"> {sentence}";
            yield return $"See `{part}`";
            yield return $"It says “{part.Replace(" ", "  ", StringComparison.Ordinal)}”.";
            yield return $"It says “{string.Join('\n', part.Split(' ', 5))}”.";
            yield return $"It says “{char.ToUpperInvariant(part[0])}{part[1..]}.”";
            yield return $"It says “{char.ToLowerInvariant(sentence[0])}{sentence[1..^1]},” or so.";
            yield return $"It says “{string.Join(' ', words[..5])} … {string.Join(' ', words[^4..])}”";
            yield return $"It says “{string.Join(' ', words[..4])} [...] {string.Join(' ', words[6..9])} (…) {words[^1]}”";
            yield return $"It says “…{part}…”";
            if (char.IsLetter(part[0]) && char.IsLetter(part[1])) yield return $"It says “[{char.ToUpperInvariant(part[0])}]{part[1..]}”";
            yield return $"It says “{part.Replace("'", "’", StringComparison.Ordinal).Replace('–', '—').Replace('-', '\u2010').Replace("\"", "'", StringComparison.Ordinal)}”";
            yield return $"It says “{string.Join('\n', Broken(sentence))}”.";
            yield return $"It says “{part.Replace("e", "e\u00ad", StringComparison.Ordinal)}”";
            yield return $"It says “{part.Replace(' ', '\u00a0')}”";
            yield return $"It says “**{words[2]}** {string.Join(' ', words[3..6])}”";
            if (!sentence.Contains('"', StringComparison.Ordinal)) yield return $"It says \"{part}\".";
        }

        yield return "“The whole amount is due at once”";
        yield return "“The **whole** amount is due `at once`”";
        yield return "“Vor- und Nachteile”";
        yield return "“签署之日起三十天内生效”";
        yield return "「合同在签署之日起 三十天内」";
        yield return "`a * b`";
        yield return "`values[3]`";
        yield return "`if (x | y)`";
        yield return "“efficient flow of öl”";
        yield return "`void bit(const unsigned char *str, int len)`";
        yield return "“the landlord 's prior consent”";
        yield return "“complete; lost keys”";
        yield return "“Subletting—even in part—is allowed”";
        yield return "“Subletting - even in part - is allowed”";
        yield return "“well-known long-term”";
    }

    private static IEnumerable<string> WrongOnes()
    {
        foreach (string sentence in Sentences)
        {
            string[] words = sentence.Split(' ');
            for (int k = 2; k < words.Length - 2; k += 3)
            {
                yield return $"It says “{string.Join(' ', [.. words[1..k], "never", .. words[(k + 1)..^1]])}”";
                yield return $"It says „{string.Join(' ', [.. words[1..k], .. words[(k + 1)..^1]])}“";
                yield return $"It says «{string.Join(' ', [.. words[1..k], words[k + 1], words[k], .. words[(k + 2)..^1]])}»".Replace("Die die", "Die", StringComparison.Ordinal);
                yield return $"> {string.Join(' ', [.. words[1..k], "not", .. words[k..^1]])}";
            }

            yield return $"It says “{string.Join(' ', words[1..^1])} indeed”";
            yield return $"It says `{string.Join(' ', words[4..8])}x`";
            yield return $"It says “{string.Join(' ', words[5..9])} … {string.Join(' ', words[0..4])}”";
            yield return $"It says “{string.Join(' ', words[0..4])} … freely invented words”";
            yield return $"It says “{words[3]}{words[4]} {words[5]}”";
        }

        yield return "“The deposit amounts to 2,850.5 euros”";
        yield return "“bears interest at 15 percent”";
        yield return "“interest at 5 percent per year”";
        yield return "“850.50 euros”";
        yield return "“Temperatures below 5 degrees”";
        yield return "“5 degrees require”";
        yield return "“fewer than ninety days”";
        yield return "“ten ant shall pay”";
        yield return "“the rent on the FIRST working day”";
        yield return "“kept without the landlord’s Prior consent”";
        yield return "“affairs”";
        yield return "“air”";
        yield return "“The well known long term arrangement”";
        yield return "“wellknown”";
        yield return "`void bit(const unsigned char *string`";
        yield return "`void bit(unsigned const char *str`";
        yield return "“com plete; lost keys”";
        yield return "`a + b`";
        yield return "`values[4]`";
        yield return "“签署之日起六十天内生效”";
        yield return "“Vorund Nachteile”";
        yield return "“The whole sum is due”";
        yield return "“never closed and never written";
    }
}
