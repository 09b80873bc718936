namespace Fathom.Checkpoints.Tests;

/// <summary>The published sizes, from the published configs alone.</summary>
public sealed class ModelSummaryTests
{
    [Theory]
    [InlineData("flash.json", 284_332_240_471, 290_942_289_362, 13.27, 159_609_485_896, 69_187)]
    [InlineData("pro.json", 1_572_997_201_763, 1_598_837_347_742, 48.85, 864_704_792_696, 145_116)]
    public void Parameters_bytes_and_tensors_are_those_of_the_published_models(string file, long parameters, long withPrediction, double active, long bytes, int tensors)
    {
        var summary = new ModelSummary(V4Config.Read(Repository.Golden("configs", file)));
        Assert.Equal(parameters, summary.MainParameters);
        Assert.Equal(withPrediction, summary.MainParameters + summary.PredictionParameters);
        Assert.Equal(active, Math.Round(summary.ActiveParameters / 1e9, 2));
        Assert.Equal(bytes, summary.TotalBytes);
        Assert.Equal(tensors, summary.TensorCount);
    }

    [Theory]
    [InlineData("flash.json", 6880, 3514.25, 2, 21, 20)]
    [InlineData("pro.json", 9848, 5031.4375, 0, 30, 31)]
    public void Caches_and_layers_are_those_of_the_specification(string file, double bfloat16, double mixed, int window, int csa, int hca)
    {
        var summary = new ModelSummary(V4Config.Read(Repository.Golden("configs", file)));
        Assert.Equal(bfloat16, summary.CacheBytesPerToken(summary.CacheFormats[3]), 0.01);
        Assert.Equal(mixed, summary.CacheBytesPerToken(summary.CacheFormats[2]), 0.01);
        Assert.Equal((window, csa, hca), (summary.LayersOf(LayerKind.Window), summary.LayersOf(LayerKind.Csa), summary.LayersOf(LayerKind.Hca)));
    }

    [Fact]
    public void A_config_survives_its_own_json()
    {
        V4Config config = V4Config.Read(Repository.Golden("configs", "flash.json"));
        V4Config again = V4Config.Parse(System.Text.Encoding.UTF8.GetBytes(config.ToJson()), "again");
        Assert.Equal(config.CompressRatios, again.CompressRatios);
        Assert.Equal(config with { CompressRatios = [] }, again with { CompressRatios = [], HasDraftBlockKeys = config.HasDraftBlockKeys });
    }
}
