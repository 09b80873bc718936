using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Compute.Memory;
using Fathom.Model.Caches;
using Fathom.Model.Streaming;

namespace Fathom.Model.Layers;

/// <summary>What the parts of a layer share: the device, the memory of the forward, the config and the numeric profile.</summary>
internal sealed class LayerContext(V4Config config, IDevice device, Workspace workspace, NumericProfile profile)
{
    /// <summary>Group of the rounding of matrix inputs (specification section 9.2).</summary>
    private const int InputGroup = 128;

    /// <summary>Group of the rounding of keys (specification section 9.4).</summary>
    private const int KeyGroup = RowLayout.Fp8Group;

    /// <summary>Group of the indexer's FP4 rounding (specification section 9.5).</summary>
    private const int IndexGroup = RowLayout.Fp4Group;

    public V4Config Config { get; } = config;

    public IDevice Device { get; } = device;

    public Workspace Workspace { get; } = workspace;

    /// <summary>Where routed experts come from.</summary>
    public required IExpertSource Experts { get; init; }

    public IForwardObserver? Observer { get; set; }

    /// <summary>Whether attention sees compressed entries (<see cref="V4ModelOptions.WindowOnly"/>).</summary>
    public bool SeesCompressed { get; init; } = true;

    /// <summary>How sessions store compressed entries.</summary>
    public required CacheLayouts Layouts { get; init; }

    private bool IsOfficial => profile == NumericProfile.Official;

    /// <summary>The input as a matrix is to see it: rounded into <paramref name="buffer"/> when the profile and the matrix ask for it, else the input itself.</summary>
    public Rows InputFor(WeightMatrix weight, Rows input, NativeBuffer buffer)
    {
        if (!IsOfficial || !weight.RoundsItsInput) return input;
        Rows rounded = buffer.Take(input.Count, input.Width);
        for (int i = 0; i < input.Count; i++) input[i].CopyTo(rounded[i]);
        Device.RoundToFp8(rounded, rounded.Width, rounded.Width, InputGroup);
        return rounded;
    }

    /// <summary>Rounds a matrix's input in place when the profile and the matrix ask for it.</summary>
    public void RoundInputInPlace(WeightMatrix weight, Rows input)
    {
        if (IsOfficial && weight.RoundsItsInput) Device.RoundToFp8(input, input.Width, input.Width, InputGroup);
    }

    /// <summary>Rounds the non-rotary part of keys when the profile asks for it.</summary>
    public void RoundKeys(Rows keys)
    {
        if (IsOfficial) Device.RoundToFp8(keys, keys.Width, Config.HeadDim - Config.RotaryDim, KeyGroup);
    }

    /// <summary>Transforms and rounds the indexer's queries or keys when they are stored so; left out on both sides otherwise, which changes nothing.</summary>
    public void RoundIndex(Rows rows)
    {
        if (Layouts.RoundsIndex) Device.HadamardAndRoundToFp4(rows, Config.IndexHeadDim, IndexGroup);
    }
}
