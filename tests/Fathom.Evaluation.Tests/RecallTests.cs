using System.Xml.Linq;
using Fathom.Evaluation.Recall;
using Fathom.Inference;
using Fathom.Model;

namespace Fathom.Evaluation.Tests;

public sealed class RecallTests
{
    [Fact]
    public void The_built_in_model_finds_what_its_window_cannot_hold()
    {
        int whole = Right(windowOnly: false), window = Right(windowOnly: true);
        Assert.True(whole >= window + 6, $"{whole} of 30 right, {window} with the window only");

        static int Right(bool windowOnly)
        {
            using FathomModel model = FathomModel.Open(Repository.PathOf("models", "builtin"), new FathomModelOptions { Model = new V4ModelOptions { WindowOnly = windowOnly } });
            return RecallTest.Run(model, 512, 30, 1, TestContext.Current.CancellationToken).Count(result => result.IsRight);
        }
    }

    [Fact]
    public void Answers_do_not_depend_on_how_many_questions_share_a_document()
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("models", "builtin"));
        RecallResult[] shared = [.. RecallTest.Run(model, 300, 5, 5, TestContext.Current.CancellationToken)];
        RecallResult alone = RecallTest.Run(model, 300, 1, 1, TestContext.Current.CancellationToken).Single();
        Assert.Equal(5, shared.Length);
        Assert.Equal(alone, shared[0]);
        Assert.All(shared, result => Assert.InRange(result.Tokens, 200, 300));
    }

    [Fact]
    public void A_length_that_the_model_cannot_hold_is_refused()
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("tests", "models", "random"));
        Assert.Throws<ArgumentException>(() => RecallTest.Run(model, 2_000_000, 1, 1, TestContext.Current.CancellationToken).First());
    }

    [Fact]
    public void Reports_show_shares_by_length_and_depth()
    {
        RecallResult[] results =
        [
            new(256, 250, 0.05, "?", "Paris.", "Paris."), new(256, 250, 0.95, "?", "Oslo.", "Rome."),
            new(1024, 1000, 0.5, "?", "Rome.", " Rome.\n"), new(1024, 1000, -1, "?", "The document does not say.", "Rome."),
        ];
        Assert.Equal("| tokens | questions | all |\n|---|---|---|\n| 256 | 2 | 50.0 % |\n| 1,024 | 2 | 50.0 % |\n", RecallReport.Table(new Dictionary<string, IReadOnlyList<RecallResult>> { ["all"] = results }));
        XElement map = XElement.Parse(RecallReport.HeatMap(results, "title"));
        Assert.Equal(["100", "0", "100"], map.Elements().Where(element => (string?)element.Attribute("text-anchor") == "middle").Select(element => element.Value));
    }
}
