using System.Diagnostics;
using System.Globalization;
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

    /// <summary>Runs it and says how many bytes were resident at most (Linux; 0 elsewhere). The system remembers the peak itself; what is asked while the process lives misses at most its last moments.</summary>
    public static async Task<(int ExitCode, long Peak)> PeakAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        long peak = 0;
        while (!process.HasExited)
        {
            try
            {
                string? line = File.ReadLines($"/proc/{process.Id}/status").FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
                if (line is not null) peak = Math.Max(peak, long.Parse(line.AsSpan("VmHWM:".Length, line.Length - "VmHWM:".Length - " kB".Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) << 10);
            }
            catch (IOException)
            {
                // It ended meanwhile, or the system is another.
            }

            await Task.Delay(10);
        }

        return (process.ExitCode, peak);
    }

    public sealed record Result(int ExitCode, string Output, string Error);
}
