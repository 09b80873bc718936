using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Fathom.Benchmarks;

// Usage: dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- long-context [MODEL] [TOKENS]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- serving [MODEL] [PREFIX TOKENS]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- masks
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- roofline [FOLDER]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- quantizers [LIBGGML-BASE]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- --filter '*'
if (args is ["long-context", .. string[] rest])
{
    LongContext.Run(rest.ElementAtOrDefault(0) ?? RepositoryFiles.PathOf("tests", "models", "random"), int.Parse(rest.ElementAtOrDefault(1) ?? "100000", System.Globalization.CultureInfo.InvariantCulture));
    return;
}

if (args is ["serving", .. string[] served])
{
    await Serving.RunAsync(served.ElementAtOrDefault(0) ?? RepositoryFiles.PathOf("models", "builtin"), int.Parse(served.ElementAtOrDefault(1) ?? "32768", System.Globalization.CultureInfo.InvariantCulture));
    return;
}

if (args is ["masks"])
{
    Masks.Run();
    return;
}

if (args is ["roofline", .. string[] target])
{
    Roofline.Run(target.ElementAtOrDefault(0) ?? ".");
    return;
}

if (args is ["quantizers", .. string[] library])
{
    Quantizers.Run(library.ElementAtOrDefault(0));
    return;
}

// In this process: the benchmarks need no project of their own, and memory-mapped weights are shared.
IConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
