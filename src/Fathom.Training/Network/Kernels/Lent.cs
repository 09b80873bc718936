namespace Fathom.Training.Network.Kernels;

/// <summary>
/// The tensors of one backward call of a kernel. A dispose scope around a step would hold all of them to its end, and memory
/// that is not freed is memory that has to be fetched page by page anew; so what the call was lent goes at its end, and
/// what it gives when the next call begins, by which time the autograd engine has its own references.
/// </summary>
internal sealed class Lent : IDisposable
{
    [ThreadStatic]
    private static List<Tensor>? givenBefore;

    private readonly List<Tensor> tensors;

    public Lent(autograd.AutogradContext ctx, Tensor gradient)
    {
        foreach (Tensor tensor in givenBefore ?? []) tensor.Dispose();
        givenBefore = null;
        Gradient = gradient.contiguous();
        Saved = ctx.get_saved_variables();
        tensors = [gradient, Gradient, .. Saved];
    }

    /// <summary>The gradient of the output, contiguous.</summary>
    public Tensor Gradient { get; }

    /// <summary>What the forward call saved.</summary>
    public IReadOnlyList<Tensor> Saved { get; }

    /// <summary>Gives the gradients of the inputs to the engine; null where there is none.</summary>
    public static List<Tensor> Give(params Tensor?[] gradients)
    {
        givenBefore = [.. gradients.OfType<Tensor>()];
        return gradients.ToList()!;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in tensors) tensor.Dispose();
    }
}
