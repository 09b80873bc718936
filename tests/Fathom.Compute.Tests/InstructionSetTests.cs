using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Cpu;

namespace Fathom.Compute.Tests;

/// <summary>The tests of the device once more on lesser processors: in a process of their own, with instructions switched off.</summary>
public sealed class InstructionSetTests
{
    internal const string InnerRun = "FATHOM_INSTRUCTION_SET_TEST";

    public static TheoryData<string, string> Levels => new() { { "DOTNET_EnableAVX512", "avxvnni" }, { "DOTNET_EnableAVX512 DOTNET_EnableAVXVNNI", "avx2" }, { "DOTNET_EnableAVX2", "sse" }, { "DOTNET_EnableHWIntrinsic", "scalar" } };

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task The_device_is_right_without_these_instructions(string variables, string level)
    {
        if (Environment.GetEnvironmentVariable(InnerRun) is not null) return;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", typeof(InstructionSetTests).Assembly.Location, "-class", typeof(DeviceTests).FullName!, "-class", typeof(FastProductTests).FullName!, "-class", typeof(QuantizerTests).FullName!, "-class", typeof(InstructionSetTests).FullName!]) start.ArgumentList.Add(argument);
        foreach (string variable in variables.Split(' ')) start.Environment[variable] = "0";
        start.Environment[InnerRun] = level;
        await InnerTests.PassAsync(start);
    }

    [Fact]
    public void The_switches_do_what_they_say()
    {
        switch (Environment.GetEnvironmentVariable(InnerRun))
        {
            case "avxvnni":
                Assert.False(Avx512F.IsSupported || Avx512Vbmi.IsSupported);
                Assert.True(!AvxVnni.IsSupported || CpuDevice.FastProducts == "AVX2 and AVX-VNNI");
                break;
            case "avx2":
                Assert.False(Avx512F.IsSupported || AvxVnni.IsSupported);
                Assert.True(!Avx2.IsSupported || CpuDevice.FastProducts == "AVX2");
                break;
            case "sse":
                Assert.False(Avx2.IsSupported || AvxVnni.IsSupported);
                Assert.Equal("none", CpuDevice.FastProducts);
                break;
            case "scalar":
                Assert.False(Sse41.IsSupported || Avx2.IsSupported);
                Assert.Equal("none", CpuDevice.FastProducts);
                break;
            default:
                Assert.True(!(Avx512Vbmi.IsSupported && AvxVnni.IsSupported) || CpuDevice.FastProducts == "AVX-512 VBMI and AVX-VNNI");
                break;
        }
    }
}
