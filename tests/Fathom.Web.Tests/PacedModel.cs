using Fathom.Model;

namespace Fathom.Web.Tests;

/// <summary>A model that takes its time for every step, as real ones do.</summary>
internal sealed class PacedModel(ILanguageModel model, TimeSpan step) : ILanguageModel
{
    public int VocabularySize => model.VocabularySize;

    public int MaxPositions => model.MaxPositions;

    public int MaxBatchRows => model.MaxBatchRows;

    public ReadOnlyMemory<byte> Identity => model.Identity;

    public ISession CreateSession() => model.CreateSession();

    public Logits Forward(Batch batch, CancellationToken cancellation = default)
    {
        Thread.Sleep(step);
        return model.Forward(batch, cancellation);
    }

    public void Dispose() => model.Dispose();
}
