using Fathom.Training.Network;

namespace Fathom.Training.Adapters;

/// <summary>
/// Low-rank adapters (LoRA, arXiv 2106.09685): a matrix W [out, in] is seen as W + (alpha / rank) · B · A with A [rank, in] and
/// B [out, rank]. B begins as zeros, so that training starts from the model as it is.
/// </summary>
internal sealed class LowRankAdapters : IDisposable
{
    private readonly SortedDictionary<string, Tensor> tensors = new(StringComparer.Ordinal);
    private readonly double scale;

    private LowRankAdapters(double scale) => this.scale = scale;

    /// <summary>All A and B under <c>MODULE.lora_A.weight</c> and <c>MODULE.lora_B.weight</c>.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => tensors;

    /// <summary>Makes new adapters for the matrices whose names end in one of the modules.</summary>
    /// <exception cref="InvalidDataException">A module fits no matrix, or one that cannot have an adapter.</exception>
    public static LowRankAdapters Create(Parameters parameters, IReadOnlyList<string> modules, int rank, double alpha, long seed)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator((ulong)seed);
        var adapters = new LowRankAdapters(alpha / rank);
        foreach (string module in Modules(parameters, modules))
        {
            long[] shape = parameters.All[module + ".weight"].shape;
            adapters.Add(AName(module), randn([rank, shape[1]], generator: random) / Math.Sqrt(shape[1]));
            adapters.Add(BName(module), zeros(shape[0], rank));
        }

        return adapters;
    }

    /// <summary>Takes adapters as they were saved.</summary>
    /// <param name="saved">A and B by name.</param>
    /// <param name="scale">alpha / rank.</param>
    public static LowRankAdapters From(IReadOnlyDictionary<string, Tensor> saved, double scale)
    {
        var adapters = new LowRankAdapters(scale);
        foreach ((string name, Tensor tensor) in saved) adapters.Add(name, tensor);
        return adapters;
    }

    /// <summary>Sees to it that every A and B belongs to a matrix of the model and fits it.</summary>
    /// <exception cref="InvalidDataException">One does not; the message says which.</exception>
    public void Check(Parameters parameters, string source)
    {
        foreach (string name in tensors.Keys)
        {
            string module = name.EndsWith(AName(string.Empty), StringComparison.Ordinal) ? name[..^AName(string.Empty).Length]
                : name.EndsWith(BName(string.Empty), StringComparison.Ordinal) ? name[..^BName(string.Empty).Length] : string.Empty;
            bool isThere = parameters.All.TryGetValue(module + ".weight", out Tensor? matrix) & tensors.TryGetValue(AName(module), out Tensor? a) & tensors.TryGetValue(BName(module), out Tensor? b);
            if (!isThere || matrix!.dim() != 2 || a!.shape[1] != matrix.shape[1] || b!.shape[0] != matrix.shape[0] || a.shape[0] != b.shape[1])
                throw new InvalidDataException($"{source}: '{name}' fits no matrix of the model; the adapter is for another one.");
        }
    }

    /// <summary>The adapted matrix; the matrix itself where there is no adapter.</summary>
    public Tensor View(string name, Tensor matrix)
    {
        if (!name.EndsWith(".weight", StringComparison.Ordinal)) return matrix;
        string module = name[..^".weight".Length];
        return tensors.TryGetValue(AName(module), out Tensor? a) ? matrix + (tensors[BName(module)].matmul(a) * scale) : matrix;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in tensors.Values) tensor.Dispose();
    }

    private static string AName(string module) => module + ".lora_A.weight";

    private static string BName(string module) => module + ".lora_B.weight";

    private static SortedSet<string> Modules(Parameters parameters, IReadOnlyList<string> ends)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string end in ends)
        {
            string[] fitting = [.. parameters.All.Where(pair => pair.Key.EndsWith($".{end}.weight", StringComparison.Ordinal) || pair.Key == $"{end}.weight").Select(pair => pair.Key)];
            if (fitting.Length == 0) throw new InvalidDataException($"No matrix of the model is called '{end}'; names of modules are ends such as wq_b or shared_experts.w1.");
            foreach (string name in fitting)
            {
                if (parameters.All[name].dim() != 2) throw new InvalidDataException($"'{end}' fits {name}, which cannot have an adapter: it is no single matrix.");
                found.Add(name[..^".weight".Length]);
            }
        }

        return found;
    }

    private void Add(string name, Tensor value) => tensors.Add(name, value.ToParameter());
}
