using System.Diagnostics;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Tests;

/// <summary>The choice of a number of threads: the rule, and what a process may use.</summary>
public sealed class ThreadMeasurementTests
{
    private const string InnerRun = "FATHOM_PROCESSOR_TEST";

    [Theory]
    [InlineData(4, 10, 19, 30)]
    [InlineData(4, 10, 30, 28)]
    [InlineData(2, 10, 30, 26)]
    [InlineData(1, 10, 8, 5)]
    public void More_threads_are_taken_unless_they_are_clearly_slower(int expected, double one, double two, double four) =>
        Assert.Equal(expected, new ThreadMeasurement([(1, one), (2, two), (4, four)]).Threads);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1, 2, 3)]
    [InlineData(8, 1, 2, 4, 8)]
    public void Powers_of_two_and_all_processors_are_measured(int processors, params int[] counts)
    {
        ThreadMeasurement found = ThreadMeasurement.Measure(processors);
        Assert.Equal(counts, found.Rates.Select(rate => rate.Threads));
        Assert.Contains(found.Threads, counts);
        if (processors > 1) Assert.All(found.Rates, rate => Assert.InRange(rate.BytesPerSecond, 1, 1e15));
    }

    [Fact]
    public async Task A_process_that_is_bound_to_one_processor_takes_one_thread()
    {
        if (Environment.GetEnvironmentVariable(InnerRun) is not null || !OperatingSystem.IsLinux() || !File.Exists("/usr/bin/taskset")) return;
        var start = new ProcessStartInfo("/usr/bin/taskset") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-c", "0", "dotnet", "exec", typeof(ThreadMeasurementTests).Assembly.Location, "-class", typeof(ThreadMeasurementTests).FullName!]) start.ArgumentList.Add(argument);
        start.Environment[InnerRun] = "1";
        await InnerTests.PassAsync(start);
    }

    [Fact]
    public void This_process_takes_no_more_threads_than_it_has_processors()
    {
        Assert.InRange(ThreadMeasurement.Here.Threads, 1, Environment.ProcessorCount);
        if (Environment.GetEnvironmentVariable(InnerRun) is not null) Assert.Equal(1, ThreadMeasurement.Here.Threads);
    }
}
