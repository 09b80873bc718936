using System.Text.Json;

namespace Fathom.Cli.Tests;

/// <summary><c>fathom ask</c> with the built-in model: what is read, planned and written, whatever the model answers.</summary>
public sealed class AskCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-ask-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task An_answer_comes_with_its_check()
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["ask", "What may I do?", "--attach", Repository.PathOf("LICENSE"), "--max-tokens", "12", "--seed", "1"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("\nCheck\n", result.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("1 document: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("tokens/s", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_example_of_the_README_gives_what_its_picture_shows()
    {
        const string Line = "ask --attach docs/examples/harbour.pdf \"Where does Clara Novak live?\"";
        Assert.Contains("dotnet run -c Release --project src/Fathom.Cli -- " + Line, File.ReadAllText(Repository.PathOf("README.md")), StringComparison.Ordinal);
        FathomProcess.Result result = await FathomProcess.RunAsync(["ask", "--attach", Repository.PathOf("docs", "examples", "harbour.pdf"), "Where does Clara Novak live?"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("Lisbon.\n\nSources found by Fathom\n  harbour.pdf, page 2, line 9: \"Clara Novak lives in Lisbon.\"\n\nCheck\n  The answer quotes and cites nothing.\n", result.Output.ReplaceLineEndings("\n"));
        string picture = File.ReadAllText(Repository.PathOf("docs", "images", "ask.svg"));
        Assert.Contains(Line, picture, StringComparison.Ordinal);
        Assert.All(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), shown => Assert.Contains(shown, picture, StringComparison.Ordinal));
    }

    [Fact]
    public async Task JSON_names_documents_and_what_was_skipped()
    {
        Write("a.txt", "The rent is 900 euros.");
        Write("b.pdf", "%PDF-1.7 broken");
        FathomProcess.Result result = await FathomProcess.RunAsync(["ask", "--attach", folder, "--task", "summary", "--format", "json", "--max-tokens", "8", "--seed", "1"]);
        Assert.Equal(0, result.ExitCode);
        JsonElement json = JsonDocument.Parse(result.Output).RootElement;
        Assert.EndsWith("/a.txt", json.GetProperty("documents")[0].GetProperty("path").GetString(), StringComparison.Ordinal);
        Assert.Equal("damaged", json.GetProperty("skipped")[0].GetProperty("reason").GetString());
        Assert.Equal(JsonValueKind.Object, json.GetProperty("check").ValueKind);
        Assert.StartsWith("Summarise the documents.", json.GetProperty("question").GetString(), StringComparison.Ordinal);
        Assert.Contains("b.pdf: is a broken PDF file", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Further_questions_find_the_documents_in_the_cache()
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["ask", "--attach", Repository.PathOf("LICENSE"), "--format", "json", "--max-tokens", "4", "--seed", "1"], "First?\nSecond?\n/quit\nThird?\n");
        Assert.Equal(0, result.ExitCode);
        JsonElement[] answers = [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["First?", "Second?"], answers.Select(answer => answer.GetProperty("question").GetString()));
        JsonElement usage = answers[1].GetProperty("usage");
        Assert.True(usage.GetProperty("cached_tokens").GetInt32() > usage.GetProperty("prompt_tokens").GetInt32() * 3 / 4);
    }

    [Fact]
    public async Task A_cache_folder_brings_the_documents_back_after_a_restart()
    {
        string[] Arguments(string question) => ["ask", "--attach", Repository.PathOf("LICENSE"), Repository.PathOf("CONTRIBUTING.md"), "--cache-folder", Path.Combine(folder, "cache"), "--format", "json", "--max-tokens", "4", "--seed", "1", question];
        FathomProcess.Result first = await FathomProcess.RunAsync(Arguments("What is allowed?"));
        FathomProcess.Result second = await FathomProcess.RunAsync(Arguments("And what is not?"));
        Assert.Equal(0, Cached(first));
        Assert.True(Cached(second) >= 1_024);

        static int Cached(FathomProcess.Result result) => JsonDocument.Parse(result.Output).RootElement.GetProperty("usage").GetProperty("cached_tokens").GetInt32();
    }

    [Fact]
    public async Task After_a_change_only_what_comes_behind_it_is_read_again()
    {
        string cache = Path.Combine(folder, "cache"), papers = Directory.CreateDirectory(Path.Combine(folder, "papers")).FullName;
        foreach (string name in (string[])["a", "b", "c"]) File.WriteAllText(Path.Combine(papers, name + ".txt"), TextOf(name, "old"));
        string[] Arguments(params string[] more) => ["ask", "Where is it?", "--attach", papers, "--format", "json", "--max-tokens", "8", .. more];
        (int all, int none) = Tokens(await FathomProcess.RunAsync(Arguments("--cache-folder", cache)));
        Assert.Equal(0, none);

        // The last of three files changes at its beginning: two thirds are there still, but for the distance of kept places.
        File.WriteAllText(Path.Combine(papers, "c.txt"), TextOf("c", "new"));
        FathomProcess.Result changed = await FathomProcess.RunAsync(Arguments("--cache-folder", cache));
        Assert.InRange(Tokens(changed).Cached, (all * 2 / 3) - 1_100, (all * 2 / 3) + 100);
        Assert.Equal(AnswerOf(await FathomProcess.RunAsync(Arguments())), AnswerOf(changed));

        // Nothing changes: all is there but the question.
        (int same, int kept) = Tokens(await FathomProcess.RunAsync(["ask", "Who was it?", .. Arguments("--cache-folder", cache)[2..]]));
        Assert.InRange(same - kept, 1, 64);

        static string TextOf(string name, string age) => $"This is the {age} file {name}.\n" + string.Concat(Enumerable.Range(1, 120).Select(line => $"In line {line} of file {name} the lamp is green.\n"));
        static string AnswerOf(FathomProcess.Result result) => JsonDocument.Parse(result.Output).RootElement.GetProperty("answer").GetString()!;
        static (int All, int Cached) Tokens(FathomProcess.Result result)
        {
            JsonElement usage = JsonDocument.Parse(result.Output).RootElement.GetProperty("usage");
            return (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("cached_tokens").GetInt32());
        }
    }

    [Fact]
    public async Task Documents_that_are_too_long_are_read_in_parts()
    {
        // Asking for nearly the whole context as the answer leaves some hundred tokens for documents.
        string[] arguments = ["ask", "--attach", Repository.PathOf("LICENSE"), "--max-tokens", "130200", "--stop", "e", "--temperature", "0", "--format", "json", "Who may do what?"];
        FathomProcess.Result parts = await FathomProcess.RunAsync(arguments);
        Assert.True(JsonDocument.Parse(parts.Output).RootElement.GetProperty("parts").GetInt32() > 1);
        FathomProcess.Result one = await FathomProcess.RunAsync([.. arguments, "--one-prompt"]);
        JsonElement json = JsonDocument.Parse(one.Output).RootElement;
        Assert.Equal(1, json.GetProperty("parts").GetInt32());
        Assert.Contains("LICENSE is left out from LICENSE, line", json.GetProperty("left_out")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Templates_are_printed_and_read_back()
    {
        FathomProcess.Result printed = await FathomProcess.RunAsync(["ask", "--print-template", "review"]);
        Assert.StartsWith("Review the documents", printed.Output, StringComparison.Ordinal);
        Write("own.md", "Own task: {question}!");
        FathomProcess.Result result = await FathomProcess.RunAsync(["ask", "why?", "--template", Path.Combine(folder, "own.md"), "--attach", Repository.PathOf("LICENSE"), "--format", "json", "--max-tokens", "2"]);
        Assert.Equal("Own task: why?!", JsonDocument.Parse(result.Output).RootElement.GetProperty("question").GetString());
    }

    [Theory]
    [InlineData(1, "Name documents, such as:", "ask", "why?")]
    [InlineData(1, "/nowhere/x.pdf: does not exist; check the path.", "ask", "why?", "--attach", "/nowhere/x.pdf")]
    [InlineData(2, "--task", "ask", "--task", "nonsense")]
    [InlineData(2, "--bogus", "ask", "--bogus")]
    public async Task Mistakes_are_told(int exitCode, string message, params string[] arguments)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        if (message != "--task") Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
}
