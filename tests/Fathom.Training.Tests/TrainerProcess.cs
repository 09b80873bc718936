using System.Diagnostics;

namespace Fathom.Training.Tests;

/// <summary>The trainer as the program that people start.</summary>
internal sealed class TrainerProcess : IDisposable
{
    private readonly Process process;

    private TrainerProcess(Process process) => this.process = process;

    public static TrainerProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "fathom-train.dll"), .. arguments]) start.ArgumentList.Add(argument);

        // Other tests run beside it, and threads of libtorch that wait for each other while they spin take everybody's time.
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["MKL_NUM_THREADS"] = "1";
        return new TrainerProcess(Process.Start(start)!);
    }

    /// <summary>Waits for a line that contains a text; false when the program ends without one.</summary>
    public async Task<bool> WaitForAsync(string text, CancellationToken cancellation)
    {
        while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    /// <summary>Waits for the end.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> EndAsync(CancellationToken cancellation)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation), errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>Ends it as kill -9 does.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        process.Kill();
        await process.WaitForExitAsync(cancellation);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
