using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Fathom.Benchmarks;

/// <summary>What <c>fathom plan</c> predicts of memory and speed beside what <c>fathom bench</c> then measures, each in a process of its own.</summary>
internal static class Planning
{
    private const int Tokens = 48;

    public static void Run(string fathom, string model, string[] ways)
    {
        string folder = Directory.CreateTempSubdirectory("fathom-planning-").FullName;
        Console.WriteLine("| memory, context, threads | GB planned | measured | | prompt t/s planned | measured | | answer t/s planned | measured | |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        try
        {
            foreach (string way in ways) Compare(fathom, model, way.Split(':'), folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compare(string fathom, string model, string[] way, string folder)
    {
        (string budget, string context, string threads) = (way[0], way[1], way[2]);
        string plan = Path.Combine(folder, "plan.json"), bench = Path.Combine(folder, "bench.json");
        Start(fathom, "plan", model, "--memory", budget, "--context", context, "--threads", threads, "--for", "run", "--sessions", "2", "--sample-random", "--json", plan);
        JsonNode chosen = JsonNode.Parse(File.ReadAllText(plan))!["chosen"]!, speed = chosen["speed"]!;
        string rows = speed["prefillRows"]!.ToString(), depth = Number(int.Parse(context, CultureInfo.InvariantCulture) - Tokens);
        Start(fathom, "bench", "--model", model, "--memory", budget, "--threads", threads, "--prompts", rows, "--depths", depth, "--tokens", Number(Tokens), "--repeats", "3", "--json", bench);
        JsonNode report = JsonNode.Parse(File.ReadAllText(bench))!;
        double Measured(string kind) => report["results"]!.AsArray().Single(result => (string?)result!["kind"] == kind)!["tokensPerSecond"]!.GetValue<double>();
        string bytes = Pair(chosen["expectedBytes"]!.GetValue<double>() / 1e9, report["peakResidentBytes"]!.GetValue<double>() / 1e9);
        string prefill = Pair(speed["prefillTokensPerSecond"]!.GetValue<double>(), Measured("prefill")), decode = Pair(speed["decodeTokensPerSecond"]!.GetValue<double>(), Measured("decode"));
        Console.WriteLine($"| {budget}, {context}, {threads} | {bytes} | {prefill} | {decode} |");
    }

    private static string Pair(double planned, double measured) => string.Create(CultureInfo.InvariantCulture, $"{planned:0.00} | {measured:0.00} | {100 * ((planned / measured) - 1):+0;-0} %");

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static void Start(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> told = process.StandardError.ReadToEndAsync(), said = process.StandardOutput.ReadToEndAsync();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException(told.Result);
        Console.Error.WriteLine(said.Result);
    }
}
