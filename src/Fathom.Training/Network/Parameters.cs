namespace Fathom.Training.Network;

/// <summary>
/// The trainable tensors of a model under their official names. The experts of a layer are one tensor for each matrix,
/// <c>….ffn.experts.w1.weight</c> [experts, out, in], so that they are used and optimised together.
/// </summary>
internal sealed class Parameters : IDisposable
{
    private readonly SortedDictionary<string, Tensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> tables = new(StringComparer.Ordinal);

    /// <summary>What the network sees instead of the stored value: a rounded copy, say. The identity by default.</summary>
    public Func<string, Tensor, Tensor> View { get; set; } = (_, tensor) => tensor;

    public IReadOnlyDictionary<string, Tensor> All => tensors;

    /// <summary>Expert ids by token id of hash layers, int64 [vocabulary, k], and selection biases of score layers, [experts]: no gradient reaches them.</summary>
    public IReadOnlyDictionary<string, Tensor> Tables => tables;

    public Tensor this[string name] => View(name, tensors[name]);

    public bool Has(string name) => tensors.ContainsKey(name);

    public void Add(string name, Tensor value) => tensors.Add(name, value.ToParameter());

    public void AddTable(string name, Tensor value) => tables.Add(name, value.detach().clone().DetachFromDisposeScope());

    public long Count => tensors.Values.Sum(tensor => tensor.numel());

    public void Dispose()
    {
        foreach (Tensor tensor in tensors.Values) tensor.Dispose();
        foreach (Tensor table in tables.Values) table.Dispose();
    }
}
