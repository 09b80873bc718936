using System.Runtime.InteropServices;

namespace Fathom.Training.Network;

/// <summary>Small things that TorchSharp lacks.</summary>
internal static class TensorExtensions
{
    /// <summary>One dimension seen as several; the dimension may be counted from the end, and one size may be −1.</summary>
    public static Tensor SplitDim(this Tensor tensor, int dim, params ReadOnlySpan<long> sizes)
    {
        long[] shape = tensor.shape;
        if (dim < 0) dim += shape.Length;
        return tensor.reshape([.. shape[..dim], .. sizes, .. shape[(dim + 1)..]]);
    }

    /// <summary>A copy that gets gradients and outlives the scope it was made in; its owner disposes it.</summary>
    public static Tensor ToParameter(this Tensor tensor)
    {
        Tensor copy = tensor.detach().clone();
        copy.requires_grad_();
        return copy.DetachFromDisposeScope();
    }

    /// <summary>The values of a tensor of 32-bit floats or 64-bit integers, row-major, as bytes.</summary>
    public static byte[] ToBytes(this Tensor tensor)
    {
        using Tensor flat = tensor.detach().contiguous();
        return tensor.dtype == ScalarType.Int64
            ? MemoryMarshal.AsBytes<long>(flat.data<long>().ToArray()).ToArray()
            : MemoryMarshal.AsBytes<float>(flat.data<float>().ToArray()).ToArray();
    }
}
