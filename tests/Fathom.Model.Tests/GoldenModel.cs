using System.Runtime.InteropServices;
using Fathom.Checkpoints;

namespace Fathom.Model.Tests;

/// <summary>A golden checkpoint and the reference's numbers for it.</summary>
internal sealed class GoldenModel : IDisposable
{
    private readonly SafetensorsFile expected;

    public GoldenModel(string name, NumericProfile profile = NumericProfile.Plain, string? data = null, int? workers = null)
    {
        Directory = Repository.Golden("model", name);
        Model = V4Model.Open(Directory, new V4ModelOptions { Profile = profile, Workers = workers });
        expected = SafetensorsFile.Open(Path.Combine(Directory, data ?? "expected-plain.safetensors"));
    }

    public string Directory { get; }

    public V4Model Model { get; }

    public StoredTensor Tensor(string name) => expected.Tensors.Single(tensor => tensor.Name == name);

    public float[] Floats(string name) => MemoryMarshal.Cast<byte, float>(Tensor(name).Bytes).ToArray();

    public int[] Integers(string name) => Array.ConvertAll(MemoryMarshal.Cast<byte, long>(Tensor(name).Bytes).ToArray(), value => (int)value);

    public bool Has(string name) => expected.Tensors.Any(tensor => tensor.Name == name);

    public void Dispose()
    {
        Model.Dispose();
        expected.Dispose();
    }
}
