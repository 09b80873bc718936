using System.CommandLine;
using System.Globalization;
using Fathom.Cli.Output;
using Fathom.Hub;
using Fathom.Hub.Store;
using Spectre.Console;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom models</c>: the models in the store.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "The models that were pulled.\n\nExample:\n  fathom models list") { List(), Show(), Verify(), Remove(), Prune(), Import() };

    private static Command List()
    {
        var command = new Command("list", "Show all models, their commits and sizes, and whether files are missing.\n\nExample:\n  fathom models list");
        command.SetAction(parsed =>
        {
            ModelStore store = new ModelStore();
            var damaged = new List<HubException>();
            IReadOnlyList<StoredModel> models = store.List(damaged);
            foreach (HubException problem in damaged) Console.Error.WriteLine(TerminalText.Clean(problem.Message));
            if (models.Count == 0)
            {
                if (damaged.Count == 0) Console.Out.WriteLine($"No models in {store.Root}; fetch one with 'fathom pull owner/name'.");
                return damaged.Count > 0 ? 1 : 0;
            }

            Table table = PlainTable.With("model", "commit", "files", "size", "state");
            foreach (StoredModel model in models)
            {
                int missing = store.MissingFiles(model).Count;
                string state = missing > 0 ? $"{missing} file{(missing == 1 ? string.Empty : "s")} missing" : model.IsWhole ? "whole" : "chosen files";
                table.AddRow(Markup.Escape(NameOf(store, model)), model.Commit[..8], model.Files.Count.ToString(CultureInfo.InvariantCulture), InspectCommand.Bytes(model.Bytes), state);
            }

            AnsiConsole.Write(table);
            return damaged.Count > 0 ? 1 : 0;
        });
        return command;
    }

    private static Command Show()
    {
        Argument<string> name = NameArgument();
        var command = new Command("show", "Show a model's folder and files.\n\nExample:\n  fathom models show deepseek-ai/DeepSeek-V4-Flash") { name };
        command.SetAction(parsed =>
        {
            ModelStore store = new ModelStore();
            StoredModel model = Find(store, parsed.GetValue(name)!);
            var missing = store.MissingFiles(model).ToHashSet();
            Console.Out.WriteLine($"{NameOf(store, model)} at {model.Commit}, from {model.Source}{(model.IsWhole ? string.Empty : ", chosen files")}");
            Console.Out.WriteLine(store.FolderOf(model));
            foreach (StoredFile file in model.Files) Console.Out.WriteLine($"{InspectCommand.Bytes(file.Bytes),12}  {file.Sha256[..12]}  {TerminalText.Clean(file.Path)}{(missing.Contains(file) ? "  MISSING" : string.Empty)}");
        });
        return command;
    }

    private static Command Verify()
    {
        Argument<string> name = NameArgument();
        var command = new Command("verify", "Read all files again and compare their hashes; damaged ones are removed, so that a pull fetches them again.\n\nExample:\n  fathom models verify deepseek-ai/DeepSeek-V4-Flash") { name };
        command.SetAction(async (parsed, cancellation) =>
        {
            ModelStore store = new ModelStore();
            StoredModel model = Find(store, parsed.GetValue(name)!);
            using var line = new StatusLine();
            IReadOnlyList<StoredFile> bad = await new StoreCheck(store).RunAsync(model, new Reading(line, model.Bytes), cancellation).ConfigureAwait(false);
            line.Clear();
            foreach (StoredFile file in bad) Console.Out.WriteLine($"damaged: {TerminalText.Clean(file.Path)}");
            if (bad.Count > 0) throw new HubException(HubProblem.WrongBytes, $"{bad.Count} of {model.Files.Count} files of {model.Repository} were damaged or missing; fetch them with 'fathom pull {NameOf(store, model)}'.");
            Console.Out.WriteLine($"All {model.Files.Count} files of {model.Repository} are what they should be.");
            return 0;
        });
        return command;
    }

    private static Command Remove()
    {
        Argument<string> name = NameArgument();
        var command = new Command("remove", "Remove a model; what another model shares stays.\n\nExample:\n  fathom models remove deepseek-ai/DeepSeek-V4-Flash") { name };
        command.SetAction(async (parsed, cancellation) =>
        {
            ModelStore store = new ModelStore();
            StoredModel model = Find(store, parsed.GetValue(name)!);
            long freed = await new StoreWriter(store).RemoveAsync(model, cancellation).ConfigureAwait(false);
            Console.Out.WriteLine($"Removed {model.Repository} at {model.Commit[..8]}: {InspectCommand.Bytes(freed)} free again.");
            return 0;
        });
        return command;
    }

    private static Command Prune()
    {
        var command = new Command("prune", "Remove unfinished downloads, what crashes left behind, and content that no model uses.\n\nExample:\n  fathom models prune");
        command.SetAction(async (parsed, cancellation) =>
        {
            long freed = await new StoreWriter(new ModelStore()).PruneAsync(cancellation).ConfigureAwait(false);
            Console.Out.WriteLine($"{InspectCommand.Bytes(freed)} free again.");
            return 0;
        });
        return command;
    }

    private static Command Import()
    {
        var name = new Argument<string?>("REPO") { Description = "owner/name, or owner/name@revision; all models when left out.", Arity = ArgumentArity.ZeroOrOne };
        var from = new Option<DirectoryInfo?>("--from") { Description = "The cache (default: HF_HUB_CACHE, or hub in HF_HOME)." };
        var command = new Command("import", "Take models over from the cache of the hub's own tools, without copying where hard links work.\n\nExamples:\n  fathom models import\n  fathom models import deepseek-ai/DeepSeek-V4-Flash --from /data/huggingface/hub") { name, from };
        command.SetAction(async (parsed, cancellation) =>
        {
            ModelStore store = new ModelStore();
            string cache = parsed.GetValue(from)?.FullName ?? CacheImport.DefaultCache;
            CachedModel[] found = [.. CacheImport.Find(cache).Where(model => parsed.GetValue(name) is not { } wanted || model.IsMeantBy(wanted))];
            if (found.Length == 0) throw new HubException(HubProblem.Store, $"The cache {cache} has no {parsed.GetValue(name) ?? "models"}.");
            using var line = new StatusLine();
            int failures = 0;
            foreach (CachedModel cached in found)
            {
                try
                {
                    StoredModel model = await new CacheImport(store).RunAsync(cached, new Reading(line, null), cancellation).ConfigureAwait(false);
                    line.Clear();
                    Console.Out.WriteLine($"{cached.Name}: {model.Files.Count} files, {InspectCommand.Bytes(model.Bytes)}");
                }
                catch (HubException exception) when (found.Length > 1)
                {
                    // One damaged model is no reason to leave the others.
                    line.Clear();
                    await Console.Error.WriteLineAsync($"{cached.Name}: {TerminalText.Clean(exception.Message)}").ConfigureAwait(false);
                    failures++;
                }
            }

            if (failures > 0) throw new HubException(HubProblem.Store, $"{failures} of {found.Length} models were not taken over.");
            return 0;
        });
        return command;
    }

    private static StoredModel Find(ModelStore store, string text)
    {
        var name = ModelName.Parse(text);
        return store.Find(name) ?? throw new HubException(HubProblem.Store, $"{name} is not in {store.Root}; see 'fathom models list', or fetch it with 'fathom pull {name}'.");
    }

    // The shortest name under which the model is found.
    private static string NameOf(ModelStore store, StoredModel model)
    {
        string[] revisions = [.. store.RevisionsOf(model.Owner, model.Name).Where(pair => pair.Value == model.Commit).Select(pair => pair.Key)];
        if (revisions.Contains(ModelName.DefaultRevision)) return model.Repository;
        return $"{model.Repository}@{(revisions.Length > 0 ? revisions[0] : model.Commit)}";
    }

    private static Argument<string> NameArgument() => new("REPO") { Description = "owner/name, or owner/name@revision." };

    private sealed class Reading(StatusLine line, long? totalBytes) : IProgress<long>
    {
        public void Report(long value) => line.ShowWork($"read {InspectCommand.Bytes(value)}{(totalBytes is { } total ? $" of {InspectCommand.Bytes(total)}" : string.Empty)}");
    }
}
