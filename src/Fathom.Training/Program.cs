using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Fathom.Evaluation.Recall;
using Fathom.Training.Data;
using Fathom.Training.Run;

// What `fathom train` starts; see its help there.
var config = new Argument<FileInfo>("CONFIG") { Description = "JSON description of the run." };
var resume = new Option<bool>("--resume") { Description = "Go on with the saved state." };
var root = new RootCommand("Train a V4 model.\n\nExample:\n  fathom train training/minnow.json") { config, resume };
root.SetAction((parsed, cancellation) =>
{
    var trainer = new Trainer(TrainConfig.Read(parsed.GetValue(config)!.FullName));
    var clock = Stopwatch.StartNew();
    long firstStep = 0;
    trainer.Run(parsed.GetValue(resume), report => Show(report, clock, ref firstStep), cancellation);
    Console.Out.WriteLine(cancellation.IsCancellationRequested ? $"Stopped; go on with --resume. State: {trainer.StatePath}" : "Done.");
    return Task.FromResult(0);
});

var vocabulary = new Option<int>("--vocab") { Description = "Ids in all.", DefaultValueFactory = _ => 2048 };
var template = new Option<FileInfo>("--template") { Description = "A tokenizer.json whose bytes and special tokens are kept.", Required = true };
var output = new Option<FileInfo>("--out") { Description = "The tokenizer.json to write.", Required = true };
var documents = new Option<int>("--documents") { Description = "Generated documents to learn from.", DefaultValueFactory = _ => 2000 };
var tokenizer = new Command("tokenizer", "Learn a vocabulary from generated documents.") { vocabulary, template, output, documents };
tokenizer.SetAction(parsed =>
{
    var trainer = new BytePairTrainer();
    for (int i = 0; i < parsed.GetValue(documents); i++)
    {
        RecallDocument document = RecallDocument.Create(0, i, 2_000, 8);
        trainer.Add(document.Text);
        foreach (RecallQuestion question in document.Questions) trainer.Add($"{question.Question} {question.Answer}");
    }

    File.WriteAllText(parsed.GetValue(output)!.FullName, trainer.Train(File.ReadAllText(parsed.GetValue(template)!.FullName), parsed.GetValue(vocabulary)));
});
root.Subcommands.Add(tokenizer);

ParseResult result = root.Parse(args);
if (result.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync($"fathom: {result.Errors[0].Message} See 'fathom train --help'.").ConfigureAwait(false);
    return 2;
}

try
{
    return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(2) }).ConfigureAwait(false);
}
catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException || exception.GetType().Namespace?.StartsWith("Fathom", StringComparison.Ordinal) == true)
{
    await Console.Error.WriteLineAsync($"fathom: {exception.Message.ReplaceLineEndings(" ")}").ConfigureAwait(false);
    return 1;
}

static void Show(StepReport report, Stopwatch clock, ref long firstStep)
{
    if (firstStep == 0) firstStep = report.Step;
    if (report.Step % 10 != 0 && report.Step > 20) return;
    Console.Out.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"step {report.Step}/{report.TotalSteps} answers {report.AnswerLoss:f3} ({report.AnswersRight:p1} right) text {report.TextLoss:f3} index {report.IndexLoss:f3} norm {report.GradientNorm:f2} rate {report.LearningRate:g3} {report.TokensPerSecond:f0} tokens/s, {clock.Elapsed / (report.Step - firstStep + 1) * (report.TotalSteps - report.Step):hh\\:mm\\:ss} left"));
}
