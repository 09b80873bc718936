using System.CommandLine;
using System.Diagnostics;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom train</c>: starts the trainer, a program of its own because it needs libtorch.</summary>
internal static class TrainCommand
{
    private const string AllocatorSettings = "GLIBC_TUNABLES";

    public static Command Create()
    {
        var arguments = new Argument<string[]>("ARGUMENTS") { Description = "A JSON description of a run and options such as --resume; or finetune, distill, merge or tokenizer and what belongs to it.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("train", "Train, fine-tune or distil a V4 model as a JSON file describes it.\n\nExamples:\n  fathom train training/minnow/run.json --resume\n  fathom train finetune mine.json\n  fathom train distill mine.json\n  fathom train merge --model base --adapter out/adapter --out merged\n  fathom train tokenizer --help") { arguments };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellation) =>
        {
            var start = new ProcessStartInfo("dotnet");
            foreach (string argument in (string[])["exec", Find(), .. parsed.GetValue(arguments)!, .. parsed.UnmatchedTokens]) start.ArgumentList.Add(argument);

            // Huge pages where glibc offers them: libtorch's tensors come and go, and every small page that comes costs a fault.
            if (Environment.GetEnvironmentVariable(AllocatorSettings) is null) start.Environment[AllocatorSettings] = "glibc.malloc.hugetlb=1";
            using Process process = Process.Start(start) ?? throw new InvalidOperationException("The trainer could not be started.");

            // Ctrl+C reaches the trainer too, which saves its state before it ends.
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return process.ExitCode;
        });
        return command;
    }

    // Beside this program when both were published together, or where a build of the repository leaves it.
    private static string Find()
    {
        string[] places =
        [
            Path.Combine(AppContext.BaseDirectory, "training", "fathom-train.dll"),
            Path.Combine(AppContext.BaseDirectory, "..", "..", "Fathom.Training", "release", "fathom-train.dll"),
        ];
        return places.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException("The trainer is not built yet; build it with: dotnet build -c Release src/Fathom.Training (it fetches libtorch, about 200 MB).");
    }
}
