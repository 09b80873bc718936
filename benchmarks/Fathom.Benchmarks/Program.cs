using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Fathom.Benchmarks;

// Usage: dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- long-context [MODEL] [TOKENS] [F32|BF16|Compact]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- context-picture FOLDER OUTPUT…
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- serving [MODEL] [PREFIX TOKENS]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- masks
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- roofline [FOLDER]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- --filter '*'
if (args is ["long-context", .. string[] rest])
{
    LongContext.Run(
        rest.ElementAtOrDefault(0) ?? RepositoryFiles.PathOf("tests", "models", "random"),
        int.Parse(rest.ElementAtOrDefault(1) ?? "100000", System.Globalization.CultureInfo.InvariantCulture),
        Enum.Parse<Fathom.Model.CacheStorage>(rest.ElementAtOrDefault(2) ?? "F32", ignoreCase: true));
    return;
}

if (args is ["context-picture", string pictureFolder, .. string[] outputs])
{
    ContextPicture.Run(pictureFolder, outputs);
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

// In this process: the benchmarks need no project of their own, and memory-mapped weights are shared.
IConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
