using System.Diagnostics;
using System.Globalization;
using Fathom.Training.Run;
using Spectre.Console;

namespace Fathom.Training.Commands;

/// <summary>Shows how a run gets on: a bar on a terminal, a line now and then elsewhere.</summary>
internal static class StepDisplay
{
    private const int StepsPerLine = 10;

    /// <summary>Runs something that reports steps.</summary>
    public static void Show(Action<Action<StepReport>> run)
    {
        if (AnsiConsole.Profile.Capabilities.Interactive && AnsiConsole.Profile.Out.IsTerminal) AnsiConsole.Progress().AutoClear(false).Columns(new ProgressBarColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }).Start(context => run(Bar(context)));
        else run(Lines());
    }

    private static Action<StepReport> Bar(ProgressContext context)
    {
        ProgressTask? task = null;
        var clock = new StepClock();
        return report =>
        {
            task ??= context.AddTask(string.Empty);
            (task.MaxValue, task.Value, task.Description) = (report.TotalSteps, report.Step, Markup.Escape($"{Figures(report)}, {clock.Left(report)} left"));
        };
    }

    private static Action<StepReport> Lines()
    {
        var clock = new StepClock();
        bool isFirst = true;
        return report =>
        {
            string left = clock.Left(report);
            if (isFirst || report.Step % StepsPerLine == 0 || report.Step == report.TotalSteps) Console.Out.WriteLine($"{Figures(report)}, {left} left");
            isFirst = false;
        };
    }

    // What is off has no figure.
    private static string Figures(StepReport report)
    {
        string Part(string name, double value) => double.IsNaN(value) ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", {name} {value:f3}");
        string right = double.IsNaN(report.Right) ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" ({report.Right:p1} right)");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"step {report.Step}/{report.TotalSteps}{Part("loss", report.Loss)}{right}{Part("text", report.TextLoss)}{Part("index", report.IndexLoss)}, {report.TokensPerSecond:f0} tokens/s");
    }

    // The pace of the last steps counts: stages differ in it.
    private sealed class StepClock
    {
        private const double Memory = 0.95;

        private long last = Stopwatch.GetTimestamp();
        private double secondsPerStep;

        public string Left(StepReport report)
        {
            double seconds = Stopwatch.GetElapsedTime(last).TotalSeconds;
            last = Stopwatch.GetTimestamp();
            secondsPerStep = secondsPerStep == 0 ? seconds : (Memory * secondsPerStep) + ((1 - Memory) * seconds);
            return TimeSpan.FromSeconds(secondsPerStep * (report.TotalSteps - report.Step)).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        }
    }
}
