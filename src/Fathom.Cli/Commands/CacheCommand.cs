using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom cache</c>: what a cache folder holds.</summary>
internal static class CacheCommand
{
    // Nothing else in the folder is touched.
    private static readonly string[] Patterns = ["*.fathom-prefix", "answers-*.jsonl"];

    public static Command Create() => new("cache", "Kept beginnings of prompts on disk: how much there is, and away with it.\n\nExample:\n  fathom cache list ~/.cache/fathom") { List(), Clear() };

    private static Command List()
    {
        Argument<DirectoryInfo> folder = FolderArgument();
        var command = new Command("list", "Show files by the day of their last use.\n\nExample:\n  fathom cache list ~/.cache/fathom") { folder };
        command.SetAction(parsed =>
        {
            FileInfo[] files = Files(parsed.GetValue(folder)!);
            var table = new Table().AddColumns("last used", "files", "bytes");
            foreach (IGrouping<string, FileInfo> day in files.GroupBy(file => file.LastWriteTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).OrderByDescending(day => day.Key))
                table.AddRow(day.Key, day.Count().ToString("n0", CultureInfo.InvariantCulture), InspectCommand.Bytes(day.Sum(file => file.Length)));
            table.AddRow("all", files.Length.ToString("n0", CultureInfo.InvariantCulture), InspectCommand.Bytes(files.Sum(file => file.Length)));
            AnsiConsole.Write(table);
        });
        return command;
    }

    private static Command Clear()
    {
        Argument<DirectoryInfo> folder = FolderArgument();
        var days = new Option<int>("--unused-days") { Description = "Only what was not used for so many days." };
        var command = new Command("clear", "Delete kept beginnings; a running server goes on with what it has in memory.\n\nExample:\n  fathom cache clear ~/.cache/fathom --unused-days 30") { folder, days };
        command.SetAction(parsed =>
        {
            DateTime before = DateTime.UtcNow - TimeSpan.FromDays(parsed.GetValue(days));
            FileInfo[] files = [.. Files(parsed.GetValue(folder)!).Where(file => file.LastWriteTimeUtc <= before)];
            string bytes = InspectCommand.Bytes(files.Sum(file => file.Length));
            foreach (FileInfo file in files) file.Delete();
            Console.WriteLine($"{files.Length} files deleted, {bytes}.");
        });
        return command;
    }

    private static Argument<DirectoryInfo> FolderArgument() => new("FOLDER") { Description = "The folder that 'fathom serve --cache-folder' was given." };

    private static FileInfo[] Files(DirectoryInfo folder) => folder.Exists
        ? [.. Patterns.SelectMany(folder.EnumerateFiles)]
        : throw new DirectoryNotFoundException($"There is no folder {folder}.");
}
