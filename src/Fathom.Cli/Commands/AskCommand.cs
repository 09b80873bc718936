using System.CommandLine;
using Fathom.Cli.Arguments;
using Fathom.Cli.Ask;
using Fathom.Cli.Chat;
using Fathom.Cli.Output;
using Fathom.Documents;
using Fathom.Inference;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom ask</c>: questions about documents, with checked quotations and citations.</summary>
internal static class AskCommand
{
    /// <summary>What <c>--strict</c> ends with when the check complains.</summary>
    private const int ComplaintExitCode = 3;

    public static Command Create()
    {
        var question = new Argument<string?>("QUESTION") { Description = "The question; left out, questions are read line by line from the terminal or stdin.", Arity = ArgumentArity.ZeroOrOne };
        question.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.Tokens[0].Value.StartsWith("--", StringComparison.Ordinal)) result.AddError($"There is no option {result.Tokens[0].Value}.");
        });
        var attach = new Option<string[]>("--attach") { Description = "File, folder or ZIP archive to read: PDF, DOCX, XLSX, PPTX, ODT, ODS, ODP, HTML, Markdown, text, source code; may be given several times.", AllowMultipleArgumentsPerToken = true };
        var task = new Option<string?>("--task") { Description = $"A ready task: {string.Join(", ", AskTemplates.Tasks)}; the question is added to it." };
        task.AcceptOnlyFromAmong([.. AskTemplates.Tasks]);
        var template = new Option<FileInfo?>("--template") { Description = "A task of your own: a Markdown file in which {question} stands for the question." };
        var print = new Option<string?>("--print-template") { Description = $"Print a template and end: {string.Join(", ", AskTemplates.All)}." };
        print.AcceptOnlyFromAmong([.. AskTemplates.All]);
        var format = new Option<AskFormat>("--format") { Description = "text, markdown or json.", DefaultValueFactory = _ => AskFormat.Text };
        var think = new Option<string?>("--think") { Description = "Reasoning before the answer: none, low, high or max (default: high; none for the built-in model)." };
        var system = new Option<string?>("--system") { Description = "System message in place of the template 'system'." };
        var onePrompt = new Option<bool>("--one-prompt") { Description = "Take only what fits one prompt instead of reading in parts." };
        var plain = new Option<bool?>("--plain") { Description = "Give the documents without headers and numbers and without the template 'system', for small models that cannot cite (the default for the built-in model only)." };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Go on with further questions after the first." };
        var strict = new Option<bool>("--strict") { Description = $"End with exit code {ComplaintExitCode} when a quotation or citation is wrong." };
        var cacheFolder = new Option<DirectoryInfo?>("--cache-folder") { Description = "Folder that keeps read documents, so that later questions about them start at once." };
        var planOnly = new Option<bool>("--plan") { Description = "Show what would be read and how it fits, and end." };
        var model = new ModelArguments();
        var sampling = new SamplingArguments();
        var command = new Command("ask", "Ask about documents; every quotation and citation of the answer is checked.\n\nExamples:\n  fathom ask --attach lease.pdf \"When may the rent be raised?\"\n  fathom ask --attach contracts/ --task contradictions --format markdown\n  fathom ask --attach src/ --task review --cache-folder ~/.cache/fathom -i")
        {
            question, attach, task, template, print, format, think, system, onePrompt, plain, interactive, strict, cacheFolder, planOnly,
        };
        model.AddTo(command);
        sampling.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(print) is { } name)
            {
                await Console.Out.WriteAsync(AskTemplates.Read(name)).ConfigureAwait(false);
                return 0;
            }

            (string[] paths, string? asked) = PathsAndQuestion(parsed.GetValue(attach) ?? [], parsed.GetValue(question));
            if (paths.Length == 0) throw new ArgumentException("Name documents, such as: fathom ask --attach report.pdf \"What does it say about costs?\"");
            string taskText = parsed.GetValue(template) is { } file ? await File.ReadAllTextAsync(file.FullName, cancellation).ConfigureAwait(false) : AskTemplates.Read(parsed.GetValue(task) ?? "question");
            bool hasTask = parsed.GetValue(template) is not null || parsed.GetValue(task) is not null;
            bool isPlain = parsed.GetValue(plain) ?? model.ReadsPlainDocuments(parsed);
            ChatOptions options = ConversationArguments.WithThinking(
                new ChatOptions { System = parsed.GetValue(system) ?? (isPlain ? null : AskTemplates.Read("system").Trim()), Generation = sampling.Read(parsed, isGreedy: model.IsBuiltIn(parsed)) },
                parsed.GetValue(think) ?? (model.IsBuiltIn(parsed) ? "none" : "high"));
            using var status = new StatusLine();
            DocumentSet set = AskedDocuments.Read(paths, status, Console.Error, cancellation);
            var engine = new EngineOptions { CacheFolder = parsed.GetValue(cacheFolder)?.FullName, Notice = text => Console.Error.WriteLine($"fathom: {text}") };
            using FathomModel opened = model.Open(parsed, engine: engine);
            if (ConversationArguments.Warning(options, opened.ContextLength) is { } warning) await Console.Error.WriteLineAsync($"fathom: {warning}").ConfigureAwait(false);

            string? first = asked is not null ? AskTemplates.Fill(taskText, "question", asked) : hasTask ? AskTemplates.Fill(taskText, "question", string.Empty) : null;
            var prompt = new DocumentPrompt(set.Documents, text => opened.Tokenizer.Encode(text, matchAddedTokens: false).Length, new PromptOptions { IsPlain = isPlain });
            int budget = Budget(opened, options, first ?? taskText);
            PromptPlan plan = parsed.GetValue(onePrompt) ? prompt.Fit(budget) : prompt.FitOrSplit(budget);
            AskedDocuments.ShowPlan(prompt, plan, Console.Error);
            if (ReadingTime.Estimate(opened, options, plan, cancellation) is { } time) await Console.Error.WriteLineAsync($"fathom: {time}").ConfigureAwait(false);
            if (parsed.GetValue(planOnly)) return 0;

            AskFormat shape = parsed.GetValue(format);
            bool isStreamed = shape != AskFormat.Json;
            var answers = new AnswerWriter(isStreamed ? Console.Out : TextWriter.Null, isStreamed && !Console.IsOutputRedirected, status);
            var asking = new Asking(opened, options, plan, answers, new AnswerWriter(TextWriter.Null, isTerminal: false, status), Console.Error);
            var checker = new CitationChecker(prompt);
            var finder = new SourceFinder(prompt);
            bool isClean = true;
            bool hasFailed = false;
            ILineSource? lines = first is null || parsed.GetValue(interactive) ? (Console.IsInputRedirected ? new PlainLines(Console.In) : new LineEditor("? ")) : null;
            for (string? next = first ?? NextQuestion(lines); next is not null; next = NextQuestion(lines))
            {
                try
                {
                    GenerationCompleted completed = await asking.AnswerAsync(next, cancellation).ConfigureAwait(false);
                    CitationReport check = checker.Check(completed.Message.Content ?? string.Empty);
                    isClean &= check.IsClean;
                    SourceReport sources = finder.Find(next, completed.Message.Content ?? string.Empty, cancellation);
                    if (shape == AskFormat.Json) AskReport.WriteJson(next, set, plan, completed, check, sources);
                    else AskReport.Write(check, sources, shape, Console.Out);
                    await Console.Error.WriteLineAsync(AnswerWriter.Speed(completed)).ConfigureAwait(false);
                }
                catch (Exception exception) when (lines is not null && exception is not (OperationCanceledException or OutOfMemoryException))
                {
                    // One question that is too long for what is left of the context does not end the others.
                    hasFailed = true;
                    await Console.Error.WriteLineAsync($"fathom: {ErrorText.OneLine(exception)}").ConfigureAwait(false);
                }
            }

            if (hasFailed) return 1;
            return isClean || !parsed.GetValue(strict) ? 0 : ComplaintExitCode;
        });
        return command;
    }

    /// <summary>The option takes all that follows it; so the question at the end is told from paths by its spaces or question mark.</summary>
    private static (string[] Paths, string? Question) PathsAndQuestion(string[] attached, string? question)
    {
        if (question is not null || attached.Length < 2 || Path.Exists(attached[^1]) || !(attached[^1].Any(char.IsWhiteSpace) || attached[^1].EndsWith('?'))) return (attached, question);
        return (attached[..^1], attached[^1]);
    }

    /// <summary>What the context leaves for documents.</summary>
    private static int Budget(FathomModel model, ChatOptions options, string question)
    {
        int answer = PartReader.AnswerTokens(model.ContextLength, options.Generation.MaxTokens);
        int around = Asking.TokensAround(model, options, PartReader.LongestTask(question));
        int budget = model.ContextLength - answer - around;
        return budget > 0 ? budget : throw new ArgumentException($"The context of {model.ContextLength} tokens has no room for documents beside {around} tokens of instructions and {answer} of the answer; lower --max-tokens or take a model with a longer context.");
    }

    private static string? NextQuestion(ILineSource? lines)
    {
        while (lines?.ReadLine() is { } line)
        {
            if (line.Trim() is "/quit" or "/exit") return null;
            if (line.Trim().Length > 0) return line.Trim();
        }

        return null;
    }
}
