using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Fathom.Checkpoints.Gguf;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints.Conversion;

/// <summary>
/// An importance matrix in a file: GGUF of the type "imatrix", as other engines write it, with sums of squares and counts
/// for each tensor. It is looked through once on opening; later one expert's columns are read at a time, so memory stays small.
/// </summary>
public sealed class ImportanceFile : IImportance, IDisposable
{
    internal const string SumsEnding = ".in_sum2", CountsEnding = ".counts";

    private const int PieceBytes = 1 << 20;
    private const int MostExperts = 1 << 20;

    private readonly SafeFileHandle handle;
    private readonly string path;
    private readonly Dictionary<string, Place> places = new(StringComparer.Ordinal);

    private ImportanceFile(string path, SafeFileHandle handle)
    {
        this.path = path;
        this.handle = handle;
    }

    /// <summary>The tensors that it knows.</summary>
    public IReadOnlyCollection<string> Tensors => places.Keys;

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => [path];

    /// <inheritdoc/>
    public string Identity { get; private set; } = string.Empty;

    /// <summary>Opens it and checks every number.</summary>
    /// <exception cref="CheckpointException">The file is none of this type, or damaged.</exception>
    public static ImportanceFile Open(string path)
    {
        ImportanceFile? file = null;
        try
        {
            using GgufFile container = GgufFile.Open(path);
            if (container.Metadata.GetValueOrDefault("general.type") is not "imatrix") throw new CheckpointException(path, "general.type", "imatrix", $"{container.Metadata.GetValueOrDefault("general.type") ?? "none"}", "make one with 'fathom imatrix'");
            file = new ImportanceFile(path, File.OpenHandle(path, options: FileOptions.SequentialScan));
            file.Read(container);
            return file;
        }
        catch (Exception exception)
        {
            file?.Dispose();
            if (exception is IOException or UnauthorizedAccessException) throw new CheckpointException(path, null, "a readable file", exception.Message, "check the path and its permissions", exception);
            throw;
        }
    }

    /// <inheritdoc/>
    public (int Experts, int Columns)? SizeOf(string tensor) => places.TryGetValue(tensor, out Place? place) ? (place.Counts.Length, place.Columns) : null;

    /// <inheritdoc/>
    /// <exception cref="CheckpointException">The file cannot be read any more.</exception>
    public float[] ColumnsOf(string tensor, int expert)
    {
        if (!places.TryGetValue(tensor, out Place? place) || expert >= place.Counts.Length || place.Counts[expert] <= 0) return [];
        float[] sums = SumsOf(tensor, expert);
        TensorPrimitives.Divide(sums, place.Counts[expert], sums);
        return sums;
    }

    /// <summary>The sums of squares of each column's inputs.</summary>
    internal float[] SumsOf(string tensor, int expert)
    {
        Place place = places[tensor];
        var sums = new float[place.Columns];
        Read(tensor, place.Offset + ((long)expert * place.Columns * sizeof(float)), MemoryMarshal.AsBytes(sums.AsSpan()));
        return sums;
    }

    /// <summary>How many inputs each expert had, [experts].</summary>
    internal ReadOnlySpan<float> CountsOf(string tensor) => places[tensor].Counts;

    /// <summary>Closes the file.</summary>
    public void Dispose() => handle.Dispose();

    private void Read(GgufFile container)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new float[PieceBytes / sizeof(float)];
        foreach (string of in container.Tensors.Keys.Where(name => name.EndsWith(SumsEnding, StringComparison.Ordinal)).Select(name => name[..^SumsEnding.Length]).Order(StringComparer.Ordinal))
        {
            string name = of + SumsEnding;
            StoredTensor tensor = container.Tensors[name];
            if (!container.Tensors.TryGetValue(of + CountsEnding, out StoredTensor? count)) throw new CheckpointException(path, of + CountsEnding, "this tensor", "none");
            long values = ValuesOf(tensor), experts = ValuesOf(count);
            if (experts is 0 or > MostExperts) throw new CheckpointException(path, of + CountsEnding, $"counts of 1 to {MostExperts} experts", $"{experts}");
            if (values % experts != 0 || values / experts is 0 or > int.MaxValue / sizeof(float)) throw new CheckpointException(path, name, $"as many values for each of {experts} experts", $"{values}");
            var counts = new float[experts];
            Read(of + CountsEnding, count.FileOffset, MemoryMarshal.AsBytes(counts.AsSpan()));
            Check(of + CountsEnding, counts);
            hash.AppendData(Encoding.UTF8.GetBytes(of));
            hash.AppendData(MemoryMarshal.AsBytes(counts.AsSpan()));
            for (long first = 0; first < values; first += piece.Length)
            {
                Span<float> some = piece.AsSpan(0, (int)Math.Min(piece.Length, values - first));
                Read(name, tensor.FileOffset + (first * sizeof(float)), MemoryMarshal.AsBytes(some));
                Check(name, some);
                hash.AppendData(MemoryMarshal.AsBytes(some));
            }

            places.Add(of, new Place(tensor.FileOffset, (int)(values / experts), counts));
        }

        Identity = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static long ValuesOf(StoredTensor tensor) => tensor.Type == StoredType.F32
        ? tensor.ByteLength / sizeof(float)
        : throw new CheckpointException(tensor.File, tensor.Name, "F32", StoredTypes.NameOf(tensor.Type));

    private void Check(string tensor, ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!(value >= 0) || !float.IsFinite(value)) throw new CheckpointException(path, tensor, "finite sums of squares and counts", "others");
        }
    }

    private void Read(string tensor, long offset, Span<byte> target)
    {
        try
        {
            for (int done = 0; done < target.Length;)
            {
                int read = RandomAccess.Read(handle, target[done..], offset + done);
                if (read == 0) throw new CheckpointException(path, tensor, $"data up to byte {offset + target.Length}", $"the file's end at {offset + done}", "the file was cut off while it was read, make it again");
                done += read;
            }
        }
        catch (IOException exception)
        {
            throw new CheckpointException(path, tensor, "a readable file", exception.Message, "check the disk, or make the file again", exception);
        }
    }

    private sealed record Place(long Offset, int Columns, float[] Counts);
}
