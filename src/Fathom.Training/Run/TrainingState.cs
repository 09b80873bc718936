using System.Runtime.InteropServices;
using Fathom.Training.Network;
using Fathom.Training.Optimization;

namespace Fathom.Training.Run;

/// <summary>Everything that a run needs to go on: parameters, optimiser state, and how far it is. Saved as one file that is whole or not there.</summary>
internal static class TrainingState
{
    private const string Progress = "progress";

    /// <summary>Writes the state.</summary>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> trained, IReadOnlyDictionary<string, Tensor> tables, IReadOnlyList<IOptimizer> optimizers, long step, long nextSample)
    {
        List<(string Name, Tensor Tensor)> tensors = [.. All(trained, tables, optimizers)];
        using var writer = new SafetensorsWriter(path, [(Progress, StoredType.I64, [2]), .. tensors.Select(entry => (entry.Name, TypeOf(entry.Tensor), entry.Tensor.shape))]);
        writer.Write(MemoryMarshal.AsBytes<long>([step, nextSample]));
        foreach ((_, Tensor tensor) in tensors) writer.Write(tensor.ToBytes());
        writer.Complete();
    }

    /// <summary>Reads the state into parameters, tables and optimisers.</summary>
    /// <returns>Steps done, and the next sample.</returns>
    /// <exception cref="InvalidDataException">The state is of another model or run.</exception>
    public static (long Step, long NextSample) Load(string path, IReadOnlyDictionary<string, Tensor> trained, IReadOnlyDictionary<string, Tensor> tables, IReadOnlyList<IOptimizer> optimizers)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach ((string name, Tensor target) in All(trained, tables, optimizers))
        {
            if (!file.TryGet(name, out StoredTensor stored) || !stored.Shape.SequenceEqual(target.shape))
                throw new InvalidDataException($"{path} is the state of another run: '{name}' is missing or has another shape; name a new output folder or the old configuration.");
            Tensor value = stored.Type == StoredType.I64 ? tensor(MemoryMarshal.Cast<byte, long>(stored.Bytes).ToArray()) : tensor(MemoryMarshal.Cast<byte, float>(stored.Bytes).ToArray());
            target.copy_(value.reshape(target.shape));
        }

        if (!file.TryGet(Progress, out StoredTensor progress)) throw new InvalidDataException($"{path} does not say how far the run was; it is no training state.");
        ReadOnlySpan<long> numbers = MemoryMarshal.Cast<byte, long>(progress.Bytes);
        return (numbers[0], numbers[1]);
    }

    private static IEnumerable<(string Name, Tensor Tensor)> All(IReadOnlyDictionary<string, Tensor> trained, IReadOnlyDictionary<string, Tensor> tables, IReadOnlyList<IOptimizer> optimizers) =>
        trained.Select(pair => (pair.Key, pair.Value))
            .Concat(tables.Select(pair => (pair.Key, pair.Value)))
            .Concat(optimizers.SelectMany(optimizer => optimizer.State.Select(pair => (pair.Key, pair.Value))));

    private static StoredType TypeOf(Tensor tensor) => tensor.dtype == ScalarType.Int64 ? StoredType.I64 : StoredType.F32;
}
