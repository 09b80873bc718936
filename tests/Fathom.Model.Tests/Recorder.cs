using Fathom.Compute.Memory;

namespace Fathom.Model.Tests;

/// <summary>Keeps what a forward shows of its inside.</summary>
internal sealed class Recorder : IForwardObserver
{
    public Dictionary<int, float[]> Attention { get; } = [];

    public Dictionary<int, float[]> Experts { get; } = [];

    public Dictionary<int, float[]> Streams { get; } = [];

    public Dictionary<int, int[]> Picks { get; } = [];

    public Dictionary<int, int[]> ExpertIds { get; } = [];

    public Dictionary<int, float[]> ExpertWeights { get; } = [];

    public void OnAttention(int layer, Rows output) => Attention[layer] = Copy(output);

    public void OnExperts(int layer, Rows output) => Experts[layer] = Copy(output);

    public void OnStreams(int layer, Rows streams) => Streams[layer] = Copy(streams);

    public void OnPicks(int layer, ReadOnlySpan<int> picks, int k) => Picks[layer] = picks.ToArray();

    public void OnRouting(int layer, ReadOnlySpan<int> experts, ReadOnlySpan<float> weights, int k)
    {
        ExpertIds[layer] = experts.ToArray();
        ExpertWeights[layer] = weights.ToArray();
    }

    private static unsafe float[] Copy(Rows rows) => new ReadOnlySpan<float>(rows.Data, rows.Count * rows.Width).ToArray();
}
