using System.Diagnostics;

namespace Fathom.Compute.Tests;

/// <summary>Tests of this project that run once more in a process of their own, under other conditions.</summary>
internal static class InnerTests
{
    /// <summary>Starts them and wants all to pass.</summary>
    public static async Task PassAsync(ProcessStartInfo start)
    {
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await output + await errors);
        Assert.Contains("Total: ", await output, StringComparison.Ordinal);
    }
}
