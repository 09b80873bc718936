using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Fathom.Benchmarks;

// Usage: dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- long-context [MODEL] [TOKENS] [F32|BF16|Compact]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- context-picture FOLDER OUTPUT…
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- serving [MODEL] [PREFIX TOKENS]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- masks
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- quantizers [LIBGGML-BASE]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- streaming MODEL [BUDGET] [PROMPT] [DECODED] [GB/S OF A SLOWER DISK ...]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- routing [MODEL] [TOKENS]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- planning FATHOM MODEL BUDGET:CONTEXT:THREADS ...
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- asked-twice FATHOM [MODEL] [LINES PER PAGE]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- roofline [FOLDER] [FORMAT ...]
//        dotnet run -c Release --project benchmarks/Fathom.Benchmarks -- levels [FORMAT ...]
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
    Roofline.Run(target.ElementAtOrDefault(0) ?? ".", [.. target.Skip(1).Select(Enum.Parse<Fathom.Compute.WeightFormat>)]);
    return;
}

if (args is ["levels", .. string[] formats])
{
    Levels.Run([.. formats.Select(Enum.Parse<Fathom.Compute.WeightFormat>)]);
    return;
}

if (args is ["asked-twice", string program, .. string[] asked])
{
    AskedTwice.Run(program, asked.ElementAtOrDefault(0) ?? string.Empty, RepositoryFiles.PathOf(), int.Parse(asked.ElementAtOrDefault(1) ?? "12", System.Globalization.CultureInfo.InvariantCulture));
    return;
}

if (args is ["streaming", string streamed, .. string[] under])
{
    int Number(int place, int standard) => under.ElementAtOrDefault(place) is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : standard;
    Streaming.Run(streamed, under.ElementAtOrDefault(0) ?? "6GB", Number(1, 512), Number(2, 48), [.. under.Skip(3).Select(speed => double.Parse(speed, System.Globalization.CultureInfo.InvariantCulture))]);
    return;
}

if (args is ["planning", string planner, string planned, .. string[] ways])
{
    Planning.Run(planner, planned, ways);
    return;
}

if (args is ["routing", .. string[] routed])
{
    string model = routed.ElementAtOrDefault(0) ?? RepositoryFiles.PathOf("models", "builtin");
    Streaming.Routing(model, Fathom.Evaluation.Rounding.RoundingTest.TextFor(model, int.Parse(routed.ElementAtOrDefault(1) ?? "2000", System.Globalization.CultureInfo.InvariantCulture)));
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
