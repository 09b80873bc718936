using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Fathom.Server.Tests.Faults;

/// <summary><c>fathom serve</c> with the built-in model, as a process of its own.</summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder errors = new();

    private ServeProcess(Process process) => this.process = process;

    /// <summary>The command; null when it was not built.</summary>
    public static string? Command { get; } = new[] { "release", "debug" }.Select(kind => Repository.PathOf("artifacts", "bin", "Fathom.Cli", kind, OperatingSystem.IsWindows() ? "fathom.exe" : "fathom")).FirstOrDefault(File.Exists);

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>What it told its user.</summary>
    public string Errors
    {
        get
        {
            lock (errors) return errors.ToString();
        }
    }

    public bool HasExited => process.HasExited;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="folder">The cache folder.</param>
    /// <param name="shell">A shell's commands before it; empty for none.</param>
    public static async Task<ServeProcess> StartAsync(string folder, string shell = "")
    {
        string[] arguments = ["serve", "--port", "0", "--model", Repository.PathOf("models", "builtin"), "--cache-folder", folder, "--chats", Path.Combine(folder, "chats.db"), "--no-thinking"];
        ProcessStartInfo start = shell.Length == 0 ? new(Command!, arguments) : new("/bin/sh", ["-c", $"{shell}; exec \"$0\" \"$@\"", Command!, .. arguments]);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);

        // Pages of code would count as files of their size.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        var server = new ServeProcess(Process.Start(start)!);
        server.process.ErrorDataReceived += (_, line) =>
        {
            lock (server.errors) server.errors.AppendLine(line.Data);
        };
        server.process.BeginErrorReadLine();
        while (await server.process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) is { } line)
        {
            if (line.LastIndexOf("http://", StringComparison.Ordinal) is >= 0 and var at)
            {
                server.Http.BaseAddress = new Uri(line[at..].Trim());
                _ = server.process.StandardOutput.ReadToEndAsync();
                return server;
            }
        }

        await Task.Delay(200);
        throw new InvalidOperationException("It did not start: " + server.Errors);
    }

    /// <summary>Asks, greedily.</summary>
    public async Task<JsonNode> AskAsync(string text)
    {
        using HttpResponseMessage response = await Http.PostAsync("/v1/chat/completions", TestServer.Body($"{{\"messages\":[{{\"role\":\"user\",\"content\":{TestServer.Quote(text)}}}],\"temperature\":0,\"max_tokens\":24}}"));
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonNode.Parse(body)!;
    }

    /// <summary>Ends it without a chance to tidy up.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!process.HasExited) await KillAsync();
        process.Dispose();
    }
}
