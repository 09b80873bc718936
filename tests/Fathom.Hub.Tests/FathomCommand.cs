using System.Diagnostics;

namespace Fathom.Hub.Tests;

/// <summary>The <c>fathom</c> command as a process of its own, with a store and without the user's settings.</summary>
internal static class FathomCommand
{
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(2);

    public static Process Start(TestStore test, params string[] arguments) => StartWith([], test, arguments);

    public static Process StartWith(Dictionary<string, string> environment, TestStore test, params string[] arguments) =>
        StartUnder(["dotnet"], environment, test, arguments);

    /// <summary>Starts it by other programs, of which the last is dotnet.</summary>
    public static Process StartUnder(string[] programs, Dictionary<string, string> environment, TestStore test, params string[] arguments)
    {
        var start = new ProcessStartInfo(programs[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[.. programs[1..], "exec", Path.Combine(AppContext.BaseDirectory, "fathom.dll"), .. arguments]) start.ArgumentList.Add(argument);
        foreach (string name in (string[])["HF_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE"]) start.Environment.Remove(name);
        start.Environment["FATHOM_HOME"] = test.Store.Root;
        start.Environment["HF_HOME"] = Path.Combine(test.Folder, "hub-home");
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static Task<(int ExitCode, string Output, string Error)> RunAsync(TestStore test, params string[] arguments) => RunWithAsync([], test, arguments);

    public static async Task<(int ExitCode, string Output, string Error)> RunWithAsync(Dictionary<string, string> environment, TestStore test, params string[] arguments)
    {
        using Process process = StartWith(environment, test, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(MostTime);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }
}
