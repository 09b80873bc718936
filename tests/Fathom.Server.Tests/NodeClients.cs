using System.ComponentModel;
using System.Diagnostics;

namespace Fathom.Server.Tests;

/// <summary>Node.js with the official npm clients of tests/clients. They are fetched once when they are not there.</summary>
public sealed class NodeClients : IAsyncLifetime
{
    private const int OldestNode = 20;
    private static readonly string Folder = Repository.PathOf("tests", "clients");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private string? missing;

    /// <summary>Looks for Node.js and fetches the clients.</summary>
    public async ValueTask InitializeAsync()
    {
        missing = await FindMissingAsync();
        string lockFile = Path.Combine(Folder, "package-lock.json"), fetched = Path.Combine(Folder, "node_modules", ".package-lock.json");
        if (missing is not null || (File.Exists(fetched) && File.GetLastWriteTimeUtc(fetched) >= File.GetLastWriteTimeUtc(lockFile))) return;
        (int status, string output, string errors) = await NpmAsync("ci", "--ignore-scripts", "--no-audit", "--no-fund");
        if (status != 0) throw new InvalidOperationException($"'npm ci' in tests/clients ended with {status}:\n{output}{errors}");
    }

    /// <summary>Runs a script of tests/clients and fails with what it says; skips the test where there is no Node.js.</summary>
    public async Task RunAsync(string script, params string[] arguments)
    {
        if (missing is not null) Assert.Skip(missing);
        (int status, string output, string errors) = await StartAsync("node", [script, .. arguments]);
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(status == 0, $"{script} ended with {status}.\n{errors}");
    }

    /// <summary>Nothing is left behind.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<string?> FindMissingAsync()
    {
        try
        {
            string version = (await StartAsync("node", ["--version"])).Output.Trim();
            if (!int.TryParse(version.TrimStart('v').Split('.')[0], out int major) || major < OldestNode) return $"The npm clients need Node.js {OldestNode} or newer, and this is {version}.";
            return (await NpmAsync("--version")).Status == 0 ? null : "The npm clients need npm, and it does not start.";
        }
        catch (Win32Exception)
        {
            return "The npm clients need Node.js with npm, and one of them is not installed here.";
        }
    }

    // On Windows npm is a batch file, which only the shell starts.
    private static Task<(int Status, string Output, string Errors)> NpmAsync(params string[] arguments) =>
        OperatingSystem.IsWindows() ? StartAsync("cmd.exe", ["/c", "npm", .. arguments]) : StartAsync("npm", arguments);

    private static async Task<(int Status, string Output, string Errors)> StartAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };

        // Keys and addresses of whoever runs the tests are not for them.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("OPENAI_", StringComparison.Ordinal) || name.StartsWith("ANTHROPIC_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        using Process process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token), errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, string.Empty, $"{program} {string.Join(' ', arguments)} was not done after {Patience.TotalMinutes} minutes.\n");
        }
    }
}
