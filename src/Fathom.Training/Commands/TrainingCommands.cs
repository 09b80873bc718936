using System.CommandLine;
using Fathom.Training.Run;

namespace Fathom.Training.Commands;

/// <summary>The three ways to train: a new model, fine-tuning, distillation.</summary>
internal static class TrainingCommands
{
    /// <summary>Makes the root command, which trains a new model.</summary>
    public static RootCommand Root() => Filled(
        new RootCommand("Train a new V4 model as a JSON file describes it.\n\nExample:\n  fathom train training/minnow/run.json"),
        config => config.StartFrom is null && config.Distill is null ? null : "describes no new model: it names startFrom or distill. Use 'fathom train finetune' or 'fathom train distill'.");

    /// <summary>Fine-tuning.</summary>
    public static Command FineTune() => Filled(
        new Command("finetune", "Go on training an existing checkpoint: all its parameters, or adapters (LoRA).\n\nExample:\n  fathom train finetune mine.json"),
        config => config.StartFrom is not null && config.Distill is null ? null : "describes no fine-tuning: it must name startFrom, a checkpoint folder, and no distill.");

    /// <summary>Distillation.</summary>
    public static Command Distill() => Filled(
        new Command("distill", "Let a model learn from a teacher's distribution on its own answers.\n\nExample:\n  fathom train distill mine.json"),
        config => config.Distill is not null ? null : "describes no distillation: it must name distill, with the teacher's folder.");

    private static T Filled<T>(T command, Func<TrainConfig, string?> objection)
        where T : Command
    {
        var path = new Argument<FileInfo>("CONFIG") { Description = "JSON description of the run; docs/training.md names its fields." };
        var resume = new Option<bool>("--resume") { Description = "Go on with the saved state." };
        command.Arguments.Add(path);
        command.Options.Add(resume);
        command.SetAction((parsed, cancellation) =>
        {
            string file = parsed.GetValue(path)!.FullName;
            TrainConfig config = TrainConfig.Read(file);
            if (objection(config) is { } reason) throw new InvalidDataException($"{file} {reason}");
            var trainer = new Trainer(config, Console.Out.WriteLine);
            StepDisplay.Show(report => trainer.Run(parsed.GetValue(resume), report, cancellation));
            Console.Out.WriteLine(cancellation.IsCancellationRequested ? $"Stopped; go on with --resume. State: {trainer.StatePath}" : $"Done. The model is in {Path.Combine(config.Output, "export")}.");
            return Task.FromResult(0);
        });
        return command;
    }
}
