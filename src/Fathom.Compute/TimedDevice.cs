using System.Diagnostics;
using Fathom.Compute.Memory;

namespace Fathom.Compute;

/// <summary>Another device with a clock beside it: how long each operation took in all. Matrix products are told apart by the format of the matrix.</summary>
/// <param name="device">Does the work; it is disposed with this.</param>
public sealed class TimedDevice(IDevice device) : IDevice
{
    private readonly Dictionary<string, TimeSpan> times = [];

    /// <summary>Time in each operation since the last <see cref="Reset"/>.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Times => times;

    /// <summary>Begins anew.</summary>
    public void Reset() => times.Clear();

    /// <inheritdoc/>
    public void Dispose() => device.Dispose();

    /// <inheritdoc/>
    public void Embed(ReadOnlySpan<int> tokens, WeightMatrix table, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.Embed(tokens, table, output);
        Add("Embed", started);
    }

    /// <inheritdoc/>
    public void MixStreams(Rows streams, HyperConnectionWeights weights, Rows mixed, Rows post, Rows comb)
    {
        long started = Stopwatch.GetTimestamp();
        device.MixStreams(streams, weights, mixed, post, comb);
        Add("MixStreams", started);
    }

    /// <inheritdoc/>
    public void SpreadStreams(Rows output, Rows post, Rows comb, Rows streams)
    {
        long started = Stopwatch.GetTimestamp();
        device.SpreadStreams(output, post, comb, streams);
        Add("SpreadStreams", started);
    }

    /// <inheritdoc/>
    public void ReduceStreams(Rows streams, HyperConnectionWeights weights, Rows reduced)
    {
        long started = Stopwatch.GetTimestamp();
        device.ReduceStreams(streams, weights, reduced);
        Add("ReduceStreams", started);
    }

    /// <inheritdoc/>
    public void RmsNorm(Rows input, ReadOnlySpan<float> weight, float epsilon, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.RmsNorm(input, weight, epsilon, output);
        Add("RmsNorm", started);
    }

    /// <inheritdoc/>
    public void NormalizeHeads(Rows rows, int headDim, float epsilon)
    {
        long started = Stopwatch.GetTimestamp();
        device.NormalizeHeads(rows, headDim, epsilon);
        Add("NormalizeHeads", started);
    }

    /// <inheritdoc/>
    public void Linear(Rows input, WeightMatrix weight, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.Linear(input, weight, output);
        Add($"Linear {weight.Format}", started);
    }

    /// <inheritdoc/>
    public void GroupedLinear(Rows input, WeightMatrix weight, int groups, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.GroupedLinear(input, weight, groups, output);
        Add($"Linear {weight.Format}", started);
    }

    /// <inheritdoc/>
    public void Rotate(Rows rows, int headDim, Rows angles, bool inverse)
    {
        long started = Stopwatch.GetTimestamp();
        device.Rotate(rows, headDim, angles, inverse);
        Add("Rotate", started);
    }

    /// <inheritdoc/>
    public void RoundToFp8(Rows rows, int headDim, int roundedDims, int groupSize)
    {
        long started = Stopwatch.GetTimestamp();
        device.RoundToFp8(rows, headDim, roundedDims, groupSize);
        Add("RoundToFp8", started);
    }

    /// <inheritdoc/>
    public void HadamardAndRoundToFp4(Rows rows, int headDim, int groupSize)
    {
        long started = Stopwatch.GetTimestamp();
        device.HadamardAndRoundToFp4(rows, headDim, groupSize);
        Add("HadamardAndRoundToFp4", started);
    }

    /// <inheritdoc/>
    public void AddPositionBias(Rows rows, ReadOnlySpan<int> positions, ReadOnlySpan<float> bias)
    {
        long started = Stopwatch.GetTimestamp();
        device.AddPositionBias(rows, positions, bias);
        Add("AddPositionBias", started);
    }

    /// <inheritdoc/>
    public void Compress(AddressLists values, AddressLists scores, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.Compress(values, scores, output);
        Add("Compress", started);
    }

    /// <inheritdoc/>
    public void PickEntries(Rows queries, Rows headWeights, ReadOnlySpan<PagedRows> keys, ReadOnlySpan<int> visible, Span<int> picks, int k)
    {
        long started = Stopwatch.GetTimestamp();
        device.PickEntries(queries, headWeights, keys, visible, picks, k);
        Add("PickEntries", started);
    }

    /// <inheritdoc/>
    public void Attend(Rows queries, int headDim, AddressLists keys, ReadOnlySpan<float> sinks, float scale, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.Attend(queries, headDim, keys, sinks, scale, output);
        Add("Attend", started);
    }

    /// <inheritdoc/>
    public void RouteByScore(Rows logits, ReadOnlySpan<float> bias, float scale, Span<int> experts, Span<float> weights, int k)
    {
        long started = Stopwatch.GetTimestamp();
        device.RouteByScore(logits, bias, scale, experts, weights, k);
        Add("RouteByScore", started);
    }

    /// <inheritdoc/>
    public void WeighHashed(Rows logits, float scale, ReadOnlySpan<int> experts, Span<float> weights, int k)
    {
        long started = Stopwatch.GetTimestamp();
        device.WeighHashed(logits, scale, experts, weights, k);
        Add("WeighHashed", started);
    }

    /// <inheritdoc/>
    public void SwiGlu(Rows gate, Rows up, float limit, ReadOnlySpan<float> rowWeights)
    {
        long started = Stopwatch.GetTimestamp();
        device.SwiGlu(gate, up, limit, rowWeights);
        Add("SwiGlu", started);
    }

    /// <inheritdoc/>
    public void Gather(Rows input, ReadOnlySpan<int> indices, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.Gather(input, indices, output);
        Add("Gather", started);
    }

    /// <inheritdoc/>
    public void ScatterAdd(Rows input, ReadOnlySpan<int> indices, Rows output)
    {
        long started = Stopwatch.GetTimestamp();
        device.ScatterAdd(input, indices, output);
        Add("ScatterAdd", started);
    }

    private void Add(string operation, long started) =>
        times[operation] = times.GetValueOrDefault(operation) + Stopwatch.GetElapsedTime(started);
}
