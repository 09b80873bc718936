using System.Diagnostics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Tests;

/// <summary>The tests of the device once more on lesser processors: in a process of their own, with instructions switched off.</summary>
public sealed class InstructionSetTests
{
    internal const string InnerRun = "FATHOM_INSTRUCTION_SET_TEST";

    public static TheoryData<string, string> Levels => new() { { "DOTNET_EnableAVX512", "avx2" }, { "DOTNET_EnableAVX2", "sse" }, { "DOTNET_EnableHWIntrinsic", "scalar" } };

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task The_device_is_right_without_these_instructions(string variable, string level)
    {
        if (Environment.GetEnvironmentVariable(InnerRun) is not null) return;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", typeof(InstructionSetTests).Assembly.Location, "-class", typeof(DeviceTests).FullName!, "-class", typeof(FastProductTests).FullName!, "-class", typeof(QuantizerTests).FullName!, "-class", typeof(InstructionSetTests).FullName!]) start.ArgumentList.Add(argument);
        start.Environment[variable] = "0";
        start.Environment[InnerRun] = level;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await output + await errors);
        Assert.Contains("Total: ", await output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_switches_do_what_they_say()
    {
        switch (Environment.GetEnvironmentVariable(InnerRun))
        {
            case "avx2": Assert.False(Avx512F.IsSupported || Avx512Vbmi.IsSupported); break;
            case "sse": Assert.False(Avx2.IsSupported); break;
            case "scalar": Assert.False(Sse41.IsSupported || Avx2.IsSupported); break;
        }
    }
}
