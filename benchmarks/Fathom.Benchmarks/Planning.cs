using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Fathom.Benchmarks;

/// <summary>
/// What <c>fathom plan</c> predicts of memory and speed beside what <c>fathom bench</c> then measures, each in a process of its own. A machine that is shared with others may be half as fast a minute
/// later, which no plan can know: there is a plan before and one after each measurement, and a round counts when both say the same. The plans' mean is compared.
/// </summary>
internal static class Planning
{
    private const int Tokens = 48;

    // Apart by more than this the machine has changed meanwhile, and the round is made again; after so many the calmest counts.
    private const double MostDrift = 0.1;
    private const int MostRounds = 6;

    private sealed record Plan(double Bytes, int Rows, double Prefill, double Decode);

    private sealed record Round(Plan Before, Plan After, double Bytes, double Prefill, double Decode)
    {
        public double Drift => Math.Max(Apart(Before.Prefill, After.Prefill), Apart(Before.Decode, After.Decode));

        private static double Apart(double one, double other) => (Math.Max(one, other) / Math.Min(one, other)) - 1;
    }

    public static void Run(string fathom, string model, string[] ways)
    {
        string folder = Directory.CreateTempSubdirectory("fathom-planning-").FullName;
        Console.WriteLine("| memory, context, threads | GB planned | measured | | prompt t/s planned | measured | | answer t/s planned | measured | | plans apart | rounds |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
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
        var rounds = new List<Round>();
        Plan before = MakePlan(fathom, model, way, folder);
        do
        {
            JsonNode report = Bench(fathom, model, way, before.Rows, folder);
            double Measured(string kind) => report["results"]!.AsArray().Single(result => (string?)result!["kind"] == kind)!["tokensPerSecond"]!.GetValue<double>();
            Plan after = MakePlan(fathom, model, way, folder);
            rounds.Add(new Round(before, after, report["peakResidentBytes"]!.GetValue<double>(), Measured("prefill"), Measured("decode")));
            Console.Error.WriteLine(Row(way, rounds[^1], rounds.Count));
            before = after;
        }
        while (rounds[^1].Drift > MostDrift && rounds.Count < MostRounds);

        Console.WriteLine(Row(way, rounds.MinBy(round => round.Drift)!, rounds.Count));
    }

    private static string Row(string[] way, Round round, int rounds)
    {
        string bytes = Pair(round.Before.Bytes / 1e9, round.Bytes / 1e9);
        string prefill = Pair(Mean(round.Before.Prefill, round.After.Prefill), round.Prefill), decode = Pair(Mean(round.Before.Decode, round.After.Decode), round.Decode);
        return string.Create(CultureInfo.InvariantCulture, $"| {string.Join(", ", way)} | {bytes} | {prefill} | {decode} | {100 * round.Drift:0} % | {rounds} |");
    }

    // Of the times that two speeds take.
    private static double Mean(double one, double other) => 2 / ((1 / one) + (1 / other));

    private static Plan MakePlan(string fathom, string model, string[] way, string folder)
    {
        string file = Path.Combine(folder, "plan.json");
        Start(fathom, "plan", model, "--memory", way[0], "--context", way[1], "--threads", way[2], "--for", "run", "--sessions", "2", "--sample-random", "--json", file);
        JsonNode chosen = JsonNode.Parse(File.ReadAllText(file))!["chosen"]!, speed = chosen["speed"]!;
        return new Plan(chosen["expectedBytes"]!.GetValue<double>(), speed["prefillRows"]!.GetValue<int>(), speed["prefillTokensPerSecond"]!.GetValue<double>(), speed["decodeTokensPerSecond"]!.GetValue<double>());
    }

    private static JsonNode Bench(string fathom, string model, string[] way, int rows, string folder)
    {
        string file = Path.Combine(folder, "bench.json"), depth = Number(int.Parse(way[1], CultureInfo.InvariantCulture) - Tokens);
        Start(fathom, "bench", "--model", model, "--memory", way[0], "--threads", way[2], "--prompts", Number(rows), "--depths", depth, "--tokens", Number(Tokens), "--repeats", "3", "--json", file);
        return JsonNode.Parse(File.ReadAllText(file))!;
    }

    private static string Pair(double planned, double measured) => string.Create(CultureInfo.InvariantCulture, $"{planned:0.00} | {measured:0.00} | {100 * ((planned / measured) - 1):+0;-0} %");

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static void Start(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        string told = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException(told);
    }
}
