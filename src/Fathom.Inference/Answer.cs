using System.Runtime.CompilerServices;
using Fathom.Inference.Scheduling;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>An answer that is ready to be made: its prompt is encoded and fits. Nothing is computed before it is run, and it runs once.</summary>
public sealed class Answer
{
    private readonly Scheduler scheduler;
    private readonly Generation generation;
    private readonly Action<GenerationCompleted>? remember;

    internal Answer(Scheduler scheduler, Generation generation, Action<GenerationCompleted>? remember = null)
    {
        this.scheduler = scheduler;
        this.generation = generation;
        this.remember = remember;
    }

    /// <summary>Tokens of the prompt.</summary>
    public IReadOnlyList<int> PromptTokens => generation.Prompt.Tokens;

    /// <summary>Makes the answer.</summary>
    /// <param name="cancellation">Stops it before the next step; what was computed stays in the cache.</param>
    /// <returns>Events as they happen; the last one is <see cref="GenerationCompleted"/>.</returns>
    /// <exception cref="QueueFullException">Too many requests wait.</exception>
    /// <exception cref="ObjectDisposedException">The model was closed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async IAsyncEnumerable<CompletionEvent> RunAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        scheduler.Submit(generation);
        try
        {
            await foreach (CompletionEvent happened in generation.Events.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                cancellation.ThrowIfCancellationRequested();
                if (happened is GenerationCompleted completed) remember?.Invoke(completed);
                yield return happened;
            }
        }
        finally
        {
            scheduler.Cancel(generation);
            await generation.Stopped.ConfigureAwait(false);
        }
    }
}
