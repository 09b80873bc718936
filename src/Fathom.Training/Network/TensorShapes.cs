namespace Fathom.Training.Network;

/// <summary>Shape helpers that TorchSharp lacks.</summary>
internal static class TensorShapes
{
    /// <summary>One dimension seen as several; the dimension may be counted from the end, and one size may be −1.</summary>
    public static Tensor SplitDim(this Tensor tensor, int dim, params ReadOnlySpan<long> sizes)
    {
        long[] shape = tensor.shape;
        if (dim < 0) dim += shape.Length;
        return tensor.reshape([.. shape[..dim], .. sizes, .. shape[(dim + 1)..]]);
    }
}
