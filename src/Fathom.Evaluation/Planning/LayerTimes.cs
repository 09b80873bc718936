using Fathom.Checkpoints;

namespace Fathom.Evaluation.Planning;

/// <summary>What one layer of a kind takes on this machine, apart from waiting for the disk. All in seconds.</summary>
/// <param name="Decode">A decoded token, without its routed experts.</param>
/// <param name="DecodePick">Of that, scoring and picking compressed entries, which grows with the entries.</param>
/// <param name="DecodeAttend">Of that, attention, which grows with the keys of HCA layers.</param>
/// <param name="DecodeExpert">One routed expert of a decoded token.</param>
/// <param name="Prefill">A chunk of a prompt, without its routed experts.</param>
/// <param name="PrefillExpert">One routed expert with its share of the chunk's rows.</param>
public sealed record LayerTime(double Decode, double DecodePick, double DecodeAttend, double DecodeExpert, double Prefill, double PrefillExpert);

/// <summary>Times of the layers of an architecture with FP4 experts and matrices of the model's format.</summary>
/// <param name="Rows">Rows of the chunk that was measured.</param>
/// <param name="Depth">Tokens before the decoded one.</param>
/// <param name="WorkspaceBytes">Scratch of a forward of that chunk, which all layers share.</param>
/// <param name="Kinds">The kinds of layers that the architecture has.</param>
public sealed record LayerTimes(int Rows, int Depth, long WorkspaceBytes, IReadOnlyDictionary<LayerKind, LayerTime> Kinds)
{
    /// <summary>Bytes of the measured layers without routed experts, against the official layout (FP8).</summary>
    public double DenseShare { get; init; } = 1;
}
