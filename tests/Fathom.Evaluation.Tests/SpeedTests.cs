using Fathom.Checkpoints;
using Fathom.Evaluation.Speed;
using Fathom.Model;

namespace Fathom.Evaluation.Tests;

public sealed class SpeedTests
{
    [Fact]
    public void A_report_counts_what_a_token_reads_and_survives_its_file()
    {
        using V4Model model = V4Model.Open(Repository.PathOf("tests", "models", "random"), new V4ModelOptions { Workers = 1 });
        TokenCost cost = TokenCost.Of(model.Checkpoint);
        long experts = model.Checkpoint.Tensors.Where(tensor => tensor.Name.Contains(".experts.", StringComparison.Ordinal)).Sum(tensor => tensor.ByteLength);
        Assert.InRange(cost.WeightBytes, 1, model.Checkpoint.TotalBytes - (experts / 2));
        Assert.True(cost.Weights > cost.WeightBytes / 4);

        SpeedResult prefill = SpeedTest.Prefill(model, 40, 1, 3, TestContext.Current.CancellationToken), decode = SpeedTest.Decode(model, 20, 4, 1, 2, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(prefill.TokensPerSecond, prefill.Slowest, prefill.Fastest);
        Assert.True(decode.Slowest > 0 && decode.CacheBytes > 0);

        var report = new SpeedReport("x", new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc), cost, [new MachinePeaks(1, 1e9, 1e9)], [prefill, decode], 1);
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, report.ToJson());
            SpeedReport read = SpeedReport.Read(path);
            Assert.Equal(report.Results, read.Results);
            Assert.Equal(report.Cost, read.Cost);
            string table = report.ToMarkdown(read);
            Assert.Equal(2, table.Split("1.00 times").Length - 1);
            int[] cells = [.. table.Split('\n').Where(line => line.StartsWith('|')).Select(line => line.Count(c => c == '|'))];
            Assert.Single(cells.Distinct());
            Assert.Equal(3, report.ToCsv().TrimEnd().Split('\n').Length);
            File.WriteAllText(path, "{}");
            Assert.Contains("no report", Assert.Throws<InvalidDataException>(() => SpeedReport.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
