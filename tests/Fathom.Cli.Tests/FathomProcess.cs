using System.Diagnostics;
using System.Text;

namespace Fathom.Cli.Tests;

/// <summary>Runs the command as a user does: its own process, with pipes.</summary>
internal static class FathomProcess
{
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(2);

    public static async Task<Result> RunAsync(string[] arguments, string input = "")
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "fathom.dll"), .. arguments]) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading its input.
        }

        using var limit = new CancellationTokenSource(MostTime);
        await process.WaitForExitAsync(limit.Token);
        return new Result(process.ExitCode, await output, await error);
    }

    /// <summary>Starts it and lets it run; what it says goes nowhere.</summary>
    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "fathom.dll"), .. arguments]) start.ArgumentList.Add(argument);
        Process process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    public sealed record Result(int ExitCode, string Output, string Error);
}
