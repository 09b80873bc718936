using System.CommandLine;
using System.Globalization;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Server;
using Microsoft.Extensions.Logging;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom serve</c>: an HTTP server that other programs point at.</summary>
internal static class ServeCommand
{
    /// <summary>How long a stopping server may take: running answers get half a minute.</summary>
    public static readonly TimeSpan TimeToStop = TimeSpan.FromSeconds(45);

    private const long Mebi = 1L << 20;
    private const long Gibi = 1L << 30;

    // null where the system knows no such folder: then conversations end with the server.
    private static string? ChatsFile => Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } folder ? Path.Combine(folder, "fathom", "chats.db") : null;

    public static Command Create()
    {
        var standard = new ServerOptions();
        var engine = new EngineOptions();
        var host = new Option<string>("--host") { Description = "Address to listen on; others than this machine's own need --keys.", DefaultValueFactory = _ => standard.Host };
        var port = new Option<int>("--port") { Description = "Port to listen on; 0 takes a free one.", DefaultValueFactory = _ => standard.Port };
        var name = new Option<string?>("--name") { Description = "Name of the model for clients; that of its folder by default." };
        var anyModel = new Option<bool>("--any-model-name") { Description = "Answer to every name of a model." };
        var keys = new Option<FileInfo?>("--keys") { Description = "File of API keys, made by 'fathom keys add'." };
        var anyone = new Option<bool>("--allow-anyone") { Description = "Listen beyond this machine without keys: everybody in the network can use the model." };
        var hostName = new Option<string[]>("--host-name") { Description = "A name under which the server may be addressed without keys.", DefaultValueFactory = _ => [] };
        var cors = new Option<string[]>("--cors") { Description = "An origin whose web pages may ask, such as http://localhost:3000.", DefaultValueFactory = _ => [] };
        var noThinking = new Option<bool>("--no-thinking") { Description = "Answer without thinking unless a request asks for it." };
        var budget = new Option<int?>("--reasoning-budget") { Description = "Tokens of reasoning after which the model must answer." };
        var maxTokens = new Option<int?>("--max-answer-tokens") { Description = "Tokens of an answer at most, whatever a request says." };
        var concurrent = new Option<int>("--max-concurrent") { Description = "Answers in the making at the same time.", DefaultValueFactory = _ => engine.MaxConcurrent };
        var queued = new Option<int>("--max-queued") { Description = "Requests that may wait; more are refused.", DefaultValueFactory = _ => engine.MaxQueued };
        var cacheMemory = new Option<double>("--cache-gb") { Description = "Memory for kept beginnings of prompts, in GiB; 0 keeps none.", DefaultValueFactory = _ => engine.CacheBytes / (double)Gibi };
        var cacheFolder = new Option<DirectoryInfo?>("--cache-folder") { Description = "Folder that keeps beginnings of prompts across restarts." };
        var cacheDisk = new Option<double>("--cache-folder-gb") { Description = "Room for that folder, in GiB.", DefaultValueFactory = _ => engine.CacheFolderBytes / (double)Gibi };
        var body = new Option<int>("--max-body-mb") { Description = "Size of a request at most, in MiB.", DefaultValueFactory = _ => (int)(standard.MaxBodyBytes / Mebi) };
        var keepLines = new Option<bool>("--keep-volatile-lines") { Description = "Leave lines at the head of instructions that change with every request where they are." };
        var stopRepetition = new Option<bool>("--stop-repetition") { Description = "End answers that go round in circles." };
        var usage = new Option<FileInfo?>("--usage-log") { Description = "SQLite file that notes tokens, time and price of each request." };
        var isolate = new Option<bool>("--isolate-users") { Description = "Users that a client tells apart (user_id) share nothing that was computed." };
        var ignoreSampling = new Option<bool>("--ignore-sampling-when-thinking") { Description = "As at DeepSeek's service: temperature and the like count for nothing while the model thinks." };
        var texts = new Option<bool>("--log-texts") { Description = "Write prompts and answers into the log." };
        var chats = new Option<FileInfo?>("--chats") { Description = "SQLite file that keeps the conversations of the web chat; in the folder of your local application data by default." };
        var upload = new Option<int>("--max-upload-mb") { Description = "Size of one file that is attached in the web chat at most, in MiB; four times as much may come at once.", DefaultValueFactory = _ => (int)(standard.MaxUploadFileBytes / Mebi) };
        var quiet = new Option<bool>("--quiet") { Description = "No log lines." };
        var model = new ModelArguments();
        var command = new Command("serve", "Serve a model to other programs, in the dialects of OpenAI, DeepSeek and Anthropic.\n\nExamples:\n  fathom serve\n  fathom serve --model DeepSeek-V4-Flash --cache-folder ~/.cache/fathom\n  fathom keys add laptop --file keys.json && fathom serve --host 0.0.0.0 --keys keys.json")
        {
            host, port, name, anyModel, keys, anyone, hostName, cors, noThinking, budget, maxTokens, concurrent, queued, cacheMemory, cacheFolder, cacheDisk, body, keepLines, stopRepetition, usage, isolate, ignoreSampling, texts, chats, upload, quiet,
        };
        model.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            engine = new EngineOptions
            {
                MaxConcurrent = parsed.GetValue(concurrent),
                MaxQueued = parsed.GetValue(queued),
                CacheBytes = ModelUses.CacheBytesOf(parsed.GetValue(cacheMemory)),
                CacheFolder = parsed.GetValue(cacheFolder)?.FullName,
                CacheFolderBytes = (long)(parsed.GetValue(cacheDisk) * Gibi),
                Notice = text => Console.Error.WriteLine($"fathom: {text}"),
            };
            bool namesConcurrent = parsed.GetResult(concurrent) is { Implicit: false };
            using FathomModel opened = model.Open(parsed, engine: engine, sessions: Math.Max(1, namesConcurrent ? engine.MaxConcurrent : ModelUses.SessionsFor(ModelUse.Serve)));
            var options = new ServerOptions
            {
                Host = parsed.GetValue(host)!,
                Port = parsed.GetValue(port),
                ModelId = parsed.GetValue(name) ?? model.NameOf(parsed),
                AcceptsAnyModel = parsed.GetValue(anyModel),
                KeysFile = parsed.GetValue(keys)?.FullName,
                AllowsAnyone = parsed.GetValue(anyone),
                HostNames = parsed.GetValue(hostName)!,
                CorsOrigins = parsed.GetValue(cors)!,
                ThinksByDefault = !parsed.GetValue(noThinking) && !model.IsBuiltIn(parsed),
                ThinksByDefaultForAnthropic = !parsed.GetValue(noThinking) && !model.IsBuiltIn(parsed),
                ReasoningBudget = parsed.GetValue(budget),
                MaxAnswerTokens = parsed.GetValue(maxTokens),
                MaxBodyBytes = parsed.GetValue(body) * Mebi,
                KeepsVolatileLines = parsed.GetValue(keepLines),
                StopsRepetition = parsed.GetValue(stopRepetition),
                IsolatesUsers = parsed.GetValue(isolate),
                IgnoresSamplingWhenThinking = parsed.GetValue(ignoreSampling),
                LogsTexts = parsed.GetValue(texts),
                PlainDocuments = model.ReadsPlainDocuments(parsed),
                ChatsFile = parsed.GetValue(chats)?.FullName ?? ChatsFile,
                MaxUploadFileBytes = parsed.GetValue(upload) * Mebi,
                MaxUploadBytes = parsed.GetValue(upload) * Mebi * 4,
                UsageFile = parsed.GetValue(usage)?.FullName,
            };
            using var status = new StatusLine();
            await using FathomServer server = await FathomServer.StartAsync(opened, options, parsed.GetValue(quiet) ? null : logging => logging.AddProvider(new LineLoggerProvider(status)).AddFilter("Microsoft", LogLevel.Warning), cancellation).ConfigureAwait(false);
            string address = server.Address.ToString().TrimEnd('/');
            Console.WriteLine($"Fathom serves {options.ModelId} at {address}");
            Console.WriteLine($"  In a browser:                {address}/");
            Console.WriteLine($"  OpenAI and DeepSeek clients: base URL {address}/v1");
            Console.WriteLine($"  Anthropic clients:           base URL {address}");
            if (opened.Model is V4Model v4) Console.WriteLine($"  Threads: {v4.Threads} of {Environment.ProcessorCount}; caches: {v4.CacheFormat.Name}; answers at once: {opened.Engine.MaxConcurrent}");
            Console.WriteLine($"  {(options.KeysFile is null ? "Any API key will do" : "An API key is needed")}; Ctrl+C stops.");
            await ShowAsync(opened, status, cancellation).ConfigureAwait(false);
            status.Clear();
            await Console.Error.WriteLineAsync("fathom: stopping; running answers may finish.").ConfigureAwait(false);
            await server.StopAsync().ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    // Until it is time to stop.
    private static async Task ShowAsync(FathomModel model, StatusLine status, CancellationToken cancellation)
    {
        long lastRead = 0;
        while (!cancellation.IsCancellationRequested)
        {
            EngineStatus now = model.Status;
            double rate = now.Answers.Sum(answer => answer.TokensPerSecond);
            status.Show(string.Create(CultureInfo.InvariantCulture, $"running {now.Running}  waiting {now.Waiting}  {rate:0.0} tokens/s  context {now.ContextTokens:n0}  cache {InspectCommand.Bytes(now.CacheBytes)}  reading {Math.Max(0, now.PromptTokensRead - lastRead) * 2:n0} tokens/s"));
            lastRead = now.PromptTokensRead;
            await Task.Delay(500, cancellation).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        }
    }
}
