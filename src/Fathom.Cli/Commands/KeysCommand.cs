using System.CommandLine;
using System.Globalization;
using Fathom.Server.Access;
using Spectre.Console;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom keys</c>: API keys of the server, and what was used.</summary>
internal static class KeysCommand
{
    public static Command Create() => new("keys", "API keys of the server, and what was used.\n\nExample:\n  fathom keys add laptop --file keys.json --requests-per-minute 60") { Add(), List(), Remove(), Usage() };

    private static Command Add()
    {
        Argument<string> name = NameArgument();
        Option<FileInfo> file = FileOption();
        var requests = new Option<int?>("--requests-per-minute") { Description = "Requests in a minute at most." };
        var tokens = new Option<int?>("--tokens-per-minute") { Description = "Tokens of prompts and answers in a minute at most." };
        var concurrent = new Option<int?>("--max-concurrent") { Description = "Requests at the same time at most." };
        var paths = new Option<string[]>("--path") { Description = "Beginning of a path that the key is good for, such as /chat; all when left out.", DefaultValueFactory = _ => [] };
        var space = new Option<string?>("--space") { Description = "Name of a cache space: keys of one space share what was computed." };
        var command = new Command("add", "Make a key. It is shown once; the file keeps its hash only.\n\nExample:\n  fathom keys add laptop --file keys.json --requests-per-minute 60") { name, file, requests, tokens, concurrent, paths, space };
        command.SetAction(parsed =>
        {
            string secret = KeyFile.Add(parsed.GetValue(file)!.FullName, new ApiKey
            {
                Name = parsed.GetValue(name)!,
                Sha256 = string.Empty,
                RequestsPerMinute = parsed.GetValue(requests),
                TokensPerMinute = parsed.GetValue(tokens),
                MaxConcurrent = parsed.GetValue(concurrent),
                Paths = parsed.GetValue(paths)!,
                Space = parsed.GetValue(space),
            });
            Console.WriteLine(secret);
        });
        return command;
    }

    private static Command List()
    {
        Option<FileInfo> file = FileOption();
        var command = new Command("list", "Show names and limits.\n\nExample:\n  fathom keys list --file keys.json") { file };
        command.SetAction(parsed =>
        {
            var table = new Table().AddColumns("name", "requests a minute", "tokens a minute", "at the same time", "paths");
            foreach (ApiKey key in KeyFile.Read(parsed.GetValue(file)!.FullName))
                table.AddRow(Markup.Escape(key.Name), Number(key.RequestsPerMinute), Number(key.TokensPerMinute), Number(key.MaxConcurrent), Markup.Escape(key.Paths.Count == 0 ? "all" : string.Join(' ', key.Paths)));
            AnsiConsole.Write(table);
        });
        return command;
    }

    private static Command Remove()
    {
        Argument<string> name = NameArgument();
        Option<FileInfo> file = FileOption();
        var command = new Command("remove", "Take a key out; a running server forgets it when it is started again.\n\nExample:\n  fathom keys remove laptop --file keys.json") { name, file };
        command.SetAction(parsed =>
        {
            if (!KeyFile.Remove(parsed.GetValue(file)!.FullName, parsed.GetValue(name)!)) throw new ArgumentException($"There is no key named '{parsed.GetValue(name)}' in {parsed.GetValue(file)}.");
        });
        return command;
    }

    private static Command Usage()
    {
        var log = new Option<FileInfo>("--usage-log") { Description = "The file that the server was started with.", Required = true };
        var command = new Command("usage", "Show tokens by day and key, and what they would have cost at the hosted service.\n\nExample:\n  fathom keys usage --usage-log usage.jsonl") { log };
        command.SetAction(async (parsed, _) =>
        {
            FileInfo path = parsed.GetValue(log)!;
            if (!path.Exists) throw new FileNotFoundException($"There is no usage log {path}.");
            await using var usage = new UsageLog(path.FullName, Console.Error.WriteLine);
            var table = new Table().AddColumns("day", "key", "requests", "prompt tokens", "of them cached", "answer tokens", "hosted price");
            foreach (UsageSum sum in usage.Sums())
                table.AddRow(sum.Day, Markup.Escape(sum.Key.Length == 0 ? "(none)" : sum.Key), Number(sum.Requests), Number(sum.PromptTokens), Number(sum.CachedTokens), Number(sum.AnswerTokens), string.Create(CultureInfo.InvariantCulture, $"${sum.Price:0.0000}"));
            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "Whose key it is." };

    private static Option<FileInfo> FileOption() => new("--file") { Description = "The file of keys.", DefaultValueFactory = _ => new FileInfo("fathom-keys.json") };

    private static string Number(long? value) => value?.ToString("n0", CultureInfo.InvariantCulture) ?? "any";
}
