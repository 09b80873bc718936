using Fathom.Compute.Memory;

namespace Fathom.Compute;

/// <summary>Another device, unchanged: what looks at single operations overrides those.</summary>
/// <param name="device">Does the work; it is disposed with this.</param>
public abstract class DelegatingDevice(IDevice device) : IDevice
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public virtual void Embed(ReadOnlySpan<int> tokens, WeightMatrix table, Rows output) => device.Embed(tokens, table, output);

    /// <inheritdoc/>
    public virtual void MixStreams(Rows streams, HyperConnectionWeights weights, Rows mixed, Rows post, Rows comb) => device.MixStreams(streams, weights, mixed, post, comb);

    /// <inheritdoc/>
    public virtual void SpreadStreams(Rows output, Rows post, Rows comb, Rows streams) => device.SpreadStreams(output, post, comb, streams);

    /// <inheritdoc/>
    public virtual void ReduceStreams(Rows streams, HyperConnectionWeights weights, Rows reduced) => device.ReduceStreams(streams, weights, reduced);

    /// <inheritdoc/>
    public virtual void RmsNorm(Rows input, ReadOnlySpan<float> weight, float epsilon, Rows output) => device.RmsNorm(input, weight, epsilon, output);

    /// <inheritdoc/>
    public virtual void NormalizeHeads(Rows rows, int headDim, float epsilon) => device.NormalizeHeads(rows, headDim, epsilon);

    /// <inheritdoc/>
    public virtual void Linear(Rows input, WeightMatrix weight, Rows output) => device.Linear(input, weight, output);

    /// <inheritdoc/>
    public virtual void GroupedLinear(Rows input, WeightMatrix weight, int groups, Rows output) => device.GroupedLinear(input, weight, groups, output);

    /// <inheritdoc/>
    public virtual void Rotate(Rows rows, int headDim, Rows angles, bool inverse) => device.Rotate(rows, headDim, angles, inverse);

    /// <inheritdoc/>
    public virtual void RoundToFp8(Rows rows, int headDim, int roundedDims, int groupSize) => device.RoundToFp8(rows, headDim, roundedDims, groupSize);

    /// <inheritdoc/>
    public virtual void HadamardAndRoundToFp4(Rows rows, int headDim, int groupSize) => device.HadamardAndRoundToFp4(rows, headDim, groupSize);

    /// <inheritdoc/>
    public virtual void AddPositionBias(Rows rows, ReadOnlySpan<int> positions, ReadOnlySpan<float> bias) => device.AddPositionBias(rows, positions, bias);

    /// <inheritdoc/>
    public virtual void Compress(AddressLists values, AddressLists scores, Rows output) => device.Compress(values, scores, output);

    /// <inheritdoc/>
    public virtual void PickEntries(Rows queries, Rows headWeights, ReadOnlySpan<PagedRows> keys, ReadOnlySpan<int> visible, Span<int> picks, int k) => device.PickEntries(queries, headWeights, keys, visible, picks, k);

    /// <inheritdoc/>
    public virtual void Attend(Rows queries, int headDim, AddressLists keys, ReadOnlySpan<float> sinks, float scale, Rows output) => device.Attend(queries, headDim, keys, sinks, scale, output);

    /// <inheritdoc/>
    public virtual void RouteByScore(Rows logits, ReadOnlySpan<float> bias, float scale, Span<int> experts, Span<float> weights, int k) => device.RouteByScore(logits, bias, scale, experts, weights, k);

    /// <inheritdoc/>
    public virtual void WeighHashed(Rows logits, float scale, ReadOnlySpan<int> experts, Span<float> weights, int k) => device.WeighHashed(logits, scale, experts, weights, k);

    /// <inheritdoc/>
    public virtual void SwiGlu(Rows gate, Rows up, float limit, ReadOnlySpan<float> rowWeights) => device.SwiGlu(gate, up, limit, rowWeights);

    /// <inheritdoc/>
    public virtual void Gather(Rows input, ReadOnlySpan<int> indices, Rows output) => device.Gather(input, indices, output);

    /// <inheritdoc/>
    public virtual void ScatterAdd(Rows input, ReadOnlySpan<int> indices, Rows output) => device.ScatterAdd(input, indices, output);

    /// <summary>Disposes the device.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing) device.Dispose();
    }
}
