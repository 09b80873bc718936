using System.CommandLine;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Cli.Arguments;
using Fathom.Cli.Ask;
using Fathom.Documents;
using Fathom.Evaluation.Documents;
using Fathom.Inference;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom eval documents</c>: answers about files, and the sources that are found for them.</summary>
internal static class EvalDocumentsCommand
{
    public static Command Create()
    {
        var formats = new Option<FileFormat[]>("--formats") { Description = "How documents are written.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => Enum.GetValues<FileFormat>() };
        var questions = new Option<int>("--questions") { Description = "Questions for each format.", DefaultValueFactory = _ => 100 };
        var length = new Option<int>("--length") { Description = "Tokens of the documents.", DefaultValueFactory = _ => 4096 };
        var series = new Option<int>("--series") { Description = "Which series of documents: other numbers give other documents.", DefaultValueFactory = _ => 0 };
        var numbers = new Option<bool>("--numbers") { Description = "Give the documents with headers and numbers, and the system message of 'fathom ask', to the built-in model too." };
        var output = new Option<DirectoryInfo?>("--out") { Description = "Folder for documents.md (the table) and answers.jsonl (every question with its answer and source)." };
        var model = new ModelArguments();
        var command = new Command("documents", "Write generated documents as PDF, DOCX, HTML, Markdown and ZIP, ask about them, and count right answers and right sources.\n\nExamples:\n  fathom eval documents\n  fathom eval documents --formats pdf zip --questions 20 --out documents") { formats, questions, length, series, numbers, output };
        model.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(questions) < 1) throw new ArgumentException("--questions must be at least 1.");
            if (parsed.GetValue(series) < 0) throw new ArgumentException("--series must be at least 0.");
            using FathomModel opened = model.Open(parsed);
            bool isPlain = model.ReadsPlainDocuments(parsed) && !parsed.GetValue(numbers);
            var results = new List<DocumentResult>();
            foreach (FileFormat format in parsed.GetValue(formats)!.Distinct())
            {
                await foreach (DocumentResult result in DocumentTest.RunAsync(opened, format, parsed.GetValue(length), parsed.GetValue(questions), isPlain ? null : AskTemplates.Read("system").Trim(), new PromptOptions { IsPlain = isPlain }, parsed.GetValue(series), cancellation).ConfigureAwait(false)) results.Add(result);
                DocumentResult[] all = [.. results.Where(result => result.Format == format)];
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{format}: {all.Count(result => result.IsAnswerRight)} answers and {all.Count(result => result.IsSourceRight)} sources right of {all.Length}")).ConfigureAwait(false);
            }

            string table = DocumentReport.Table(results);
            await Console.Out.WriteAsync(table).ConfigureAwait(false);
            if (parsed.GetValue(output) is { } folder)
            {
                folder.Create();
                AtomicFile.Write(Path.Combine(folder.FullName, "documents.md"), table);
                AtomicFile.Write(Path.Combine(folder.FullName, "answers.jsonl"), DocumentReport.Answers(results));
            }

            return 0;
        });
        return command;
    }
}
