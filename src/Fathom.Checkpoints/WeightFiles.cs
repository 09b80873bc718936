using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fathom.Checkpoints;

/// <summary>
/// The weight files of a checkpoint, read by calls and not through mapped memory: what is cut off, gone or unreadable is
/// one sentence, where a touched page would end the process. Used by one thread at a time.
/// </summary>
public sealed unsafe class WeightFiles : IDisposable
{
    /// <summary>The most bytes of a tensor that are in memory at a time while <see cref="ReadAll"/> goes through it.</summary>
    public const int PieceBytes = 1 << 20;

    // Open at the same time; of more parts some are opened again.
    private const int MostOpen = 64;
    private const int HeadBytes = 64 << 10;

    private readonly SortedDictionary<string, FileState> states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightFile> open = new(StringComparer.Ordinal);
    private readonly string location;
    private byte[] piece = [];

    /// <summary>Opens the files of a checkpoint.</summary>
    /// <exception cref="CheckpointException">One of them cannot be read, or was written since the checkpoint was opened.</exception>
    public WeightFiles(Checkpoint checkpoint)
        : this((checkpoint ?? throw new ArgumentNullException(nameof(checkpoint))).Location, checkpoint.Files)
    {
        try
        {
            foreach (string path in states.Keys) Open(path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The files that are mapped, as they were then; each is opened when it is read first.</summary>
    internal WeightFiles(string location, IEnumerable<ICheckpointFile> files)
    {
        this.location = location;
        foreach (MappedFile mapped in files.Select(file => file.Mapped).OfType<MappedFile>()) states.Add(mapped.Path, mapped.State);
    }

    /// <summary>All files that a conversion reads, the small ones of a folder too.</summary>
    internal IEnumerable<string> Paths => Directory.Exists(location) ? states.Keys.Concat(Directory.EnumerateFiles(location, "*.json")) : states.Keys;

    /// <summary>Reads a piece of a tensor.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="offset">Where in it, in bytes.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <exception cref="CheckpointException">The file has not got them any more, was written meanwhile, or cannot be read.</exception>
    public void Read(StoredTensor tensor, long offset, Span<byte> target)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.FileOffset == StoredTensor.NotInFile) new ReadOnlySpan<byte>(tensor.Data + offset, target.Length).CopyTo(target);
        else Read(tensor.File, tensor.FileOffset + offset, target, tensor.Name);
    }

    /// <summary>Reads all of a tensor, however long it is, piece by piece.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="use">Gets each piece, of whole numbers, and where in the tensor it begins, in bytes.</param>
    /// <exception cref="CheckpointException">As for <see cref="Read(StoredTensor, long, Span{byte})"/>.</exception>
    public void ReadAll(StoredTensor tensor, Action<ReadOnlySpan<byte>, long> use)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(use);
        int most = (int)Math.Min(PieceBytes, tensor.ByteLength);
        if (piece.Length < most) piece = new byte[most];
        for (long offset = 0; offset < tensor.ByteLength; offset += PieceBytes)
        {
            Span<byte> target = piece.AsSpan(0, (int)Math.Min(PieceBytes, tensor.ByteLength - offset));
            Read(tensor, offset, target);
            use(target, offset);
        }
    }

    /// <summary>Closes them.</summary>
    public void Dispose()
    {
        foreach (WeightFile file in open.Values) file.Dispose();
        open.Clear();
    }

    /// <summary>Reads bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Where in it.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <param name="what">What they are, for the message.</param>
    internal void Read(string path, long offset, Span<byte> target, string? what) => (open.GetValueOrDefault(path) ?? Open(path)).Read(offset, target, what);

    /// <summary>Tells these files from others and from themselves at another time: paths, lengths, times of writing, and how each begins.</summary>
    internal string Identity()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var head = new byte[HeadBytes];
        foreach ((string path, (long length, DateTime written)) in states)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFullPath(path)}\n{length} {written.Ticks}\n")));
            int bytes = (int)Math.Min(length, head.Length);
            Read(path, 0, head.AsSpan(0, bytes), null);
            hash.AppendData(head, 0, bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Makes sure that nobody wrote into the files since they were mapped.</summary>
    /// <exception cref="CheckpointException">Somebody did.</exception>
    internal void CheckUnchanged()
    {
        foreach (string path in states.Keys)
        {
            if (open.TryGetValue(path, out WeightFile? file)) Check(path, file.State);
            else Open(path);
        }
    }

    private WeightFile Open(string path)
    {
        if (open.Count >= MostOpen)
        {
            foreach ((string other, WeightFile file) in open) Check(other, file.State);
            Dispose();
        }

        WeightFile opened = WeightFile.Open(path);
        try
        {
            Check(path, opened.Opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }

        open.Add(path, opened);
        return opened;
    }

    private void Check(string path, FileState state)
    {
        if (state.Length < states[path].Length)
            throw new CheckpointException(path, null, $"the {states[path].Length} bytes that it had at the beginning", $"{state.Length}", "the file was cut off while it was read, fetch it again");
        if (state != states[path]) throw new CheckpointException(path, null, "the file as it was at the beginning", "one that was written meanwhile", "wait until it is whole, and start again");
    }
}
