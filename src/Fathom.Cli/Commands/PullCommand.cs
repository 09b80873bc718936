using System.CommandLine;
using System.Globalization;
using Fathom.Cli.Output;
using Fathom.Hub;
using Fathom.Hub.Downloads;
using Fathom.Hub.Store;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom pull</c>: fetches a model from a hub into the store.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var repository = new Argument<string>("REPO") { Description = "owner/name, or owner/name@revision." };
        var endpoint = new Option<string?>("--endpoint") { HelpName = "URL", Description = "The hub's address (default: HF_ENDPOINT, or https://huggingface.co)." };
        var include = new Option<string[]>("--include") { HelpName = "PATTERN", Description = "Fetch only files that fit this pattern, such as *.json; may be given several times.", DefaultValueFactory = _ => [] };
        var exclude = new Option<string[]>("--exclude") { HelpName = "PATTERN", Description = "Leave out files that fit this pattern, such as original/; may be given several times.", DefaultValueFactory = _ => [] };
        var connections = new Option<int?>("--connections") { Description = "Connections at the same time, 1 to 64 (default: 8)." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show files and sizes, and fetch nothing." };
        var command = new Command("pull", "Fetch a model from a hub. Ctrl+C stops; the same command goes on where it was.\n\nExamples:\n  fathom pull deepseek-ai/DeepSeek-V4-Flash\n  fathom run --model deepseek-ai/DeepSeek-V4-Flash \"Hello\"")
        {
            repository, endpoint, include, exclude, connections, dryRun,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = ModelName.Parse(parsed.GetValue(repository)!);
            var selection = new PullSelection(parsed.GetValue(include)!, parsed.GetValue(exclude)!);
            var models = new ModelStore();
            using var client = new HubClient(HubOptions.FromEnvironment(parsed.GetValue(endpoint), parsed.GetValue(connections)));
            using var line = new StatusLine();
            var progress = new LineProgress(line);
            client.Notice = progress.Say;
            var pull = new Pull(client, models);
            PullPlan plan = await pull.PlanAsync(name, selection, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(dryRun))
            {
                Show(plan);
                return 0;
            }

            await Console.Error.WriteLineAsync($"{plan.Listing.Name} ({plan.Listing.Commit[..8]}): {plan.Files.Count} files, {Size(plan.TotalBytes)}, {Size(plan.MissingBytes)} to fetch").ConfigureAwait(false);
            StoredModel model;
            try
            {
                model = await pull.RunAsync(plan, selection, progress, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                line.Say("What is here stays; the same command goes on with it.");
                throw;
            }

            line.Clear();
            Console.Out.WriteLine(models.FolderOf(model));
            return 0;
        });
        return command;
    }

    private static void Show(PullPlan plan)
    {
        foreach (HubFile file in plan.Files) Console.Out.WriteLine($"{Size(file.Bytes),12}  {TerminalText.Clean(file.Path)}");
        Console.Out.WriteLine($"{plan.Files.Count} of {plan.Listing.Files.Count} files of {plan.Listing.Name} at {plan.Listing.Commit}: {Size(plan.TotalBytes)}, {Size(plan.MissingBytes)} to fetch{(plan.FreeBytes is { } free ? $", {Size(free)} free{(free < plan.MissingBytes ? ", which is too little" : string.Empty)}" : string.Empty)}.");
    }

    private static string Size(double bytes) => InspectCommand.Bytes(bytes);

    private sealed class LineProgress(StatusLine line) : IProgress<PullProgress>
    {
        private readonly Lock gate = new();

        public void Say(string note)
        {
            lock (gate)
            {
                line.Clear();
                Console.Error.WriteLine(TerminalText.Clean(note));
            }
        }

        public void Report(PullProgress value)
        {
            if (value.Note is { } note) Say(note);
            lock (gate) line.ShowWork(Text(value));
        }

        private static string Text(PullProgress value)
        {
            string left = value.TimeLeft is { } time ? $", {Time(time)} left" : string.Empty;
            return value.DoneBytes == value.TotalBytes && value.CheckedBytes < value.BytesToCheck
                ? $"checking {Size(value.CheckedBytes)} of {Size(value.BytesToCheck)}, {value.DoneFiles} of {value.TotalFiles} files"
                : $"{Size(value.DoneBytes)} of {Size(value.TotalBytes)}, {value.DoneFiles} of {value.TotalFiles} files, {Size(value.BytesPerSecond)}/s{left}";
        }

        private static string Time(TimeSpan time) => time.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
            : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s") : string.Create(CultureInfo.InvariantCulture, $"{time.Seconds} s");
    }
}
