using Fathom.Model;

namespace Fathom.Inference;

/// <summary>Lets several answers share a model, which works on one forward at a time.</summary>
internal sealed class ModelAccess(ILanguageModel model) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private bool isDisposed;

    public ILanguageModel Model => model;

    /// <summary>Runs a forward off the caller's thread and reads its logits before the next one may begin.</summary>
    /// <exception cref="ObjectDisposedException">The model was closed.</exception>
    public async Task<T> RunAsync<T>(Batch batch, Func<Logits, T> read, CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(isDisposed, typeof(FathomModel));
            return await Task.Run(() => read(model.Forward(batch, cancellation)), cancellation).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Closes the model when the forward that is running, if any, is done: its memory must not vanish under it.</summary>
    public void Dispose()
    {
        gate.Wait();
        try
        {
            if (!isDisposed) model.Dispose();
            isDisposed = true;
        }
        finally
        {
            gate.Release();
        }
    }
}
