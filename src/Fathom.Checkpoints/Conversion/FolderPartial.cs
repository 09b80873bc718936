using System.Globalization;

namespace Fathom.Checkpoints.Conversion;

/// <summary>
/// An official folder in the making that outlives its process: <c>NAME.partial</c>, with the shards that are whole under
/// their names, the one in the making, a file that says how much of it is there (<see cref="ShardMark"/>), and one that
/// says what they are made of. While that last one is open, no other process works on the folder.
/// </summary>
internal sealed class FolderPartial : IDisposable
{
    private const string Extension = ".partial", MadeOfFile = "unfinished.txt", Temporary = AtomicFile.TemporaryExtension;

    // What conversions write; nothing else in a folder is ever removed.
    private static readonly string[] PlainNames = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "LICENSE", "model.safetensors", "model.safetensors.index.json"];

    private readonly FileStream madeOf;

    private readonly bool mayReplace;

    private FolderPartial(string directory, FileStream madeOf, bool mayReplace)
    {
        Target = directory;
        this.madeOf = madeOf;
        this.mayReplace = mayReplace;
    }

    /// <summary>Where the folder is to appear.</summary>
    public string Target { get; }

    /// <summary>The unfinished folder.</summary>
    public string Folder => Target + Extension;

    /// <summary>How much of the shard in the making is there.</summary>
    public ShardMark Mark => new(Folder);

    /// <summary>Why what was there is not gone on with, as the end of a sentence; null where it is, or where nothing was there.</summary>
    public string? WhyAnew { get; private init; }

    /// <summary>Whether a file of this name may be a conversion's.</summary>
    public static bool IsWritten(string name) =>
        Array.IndexOf(PlainNames, name) >= 0 || (name.StartsWith("model-", StringComparison.Ordinal) && name.EndsWith(".safetensors", StringComparison.Ordinal));

    /// <summary>Goes on with a folder, or starts it.</summary>
    /// <param name="directory">Where it is to appear.</param>
    /// <param name="files">What it is made of.</param>
    /// <param name="options">All that decides what it becomes, in any words.</param>
    /// <param name="mayReplace">Whether an older checkpoint, and nothing else, may be there and is replaced.</param>
    /// <exception cref="IOException">Something must not be written over, another process works on it, or a folder of this name is something else.</exception>
    public static FolderPartial Open(string directory, WeightFiles files, string options, bool mayReplace)
    {
        // A link to a folder stays one: what it leads to is made, on the disk where that is.
        directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (new DirectoryInfo(directory) is { LinkTarget: not null } link) directory = Path.TrimEndingDirectorySeparator(link.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        string[] sources = [.. files.Paths];
        OutputFiles.CheckFolder(directory, sources, mayReplace, IsWritten);
        Directory.CreateDirectory(Path.GetDirectoryName(directory) ?? throw new IOException($"{directory} cannot be made; name a new folder."));
        var fingerprint = new Fingerprint(files.Identity(), Fingerprint.Of(options));
        string folder = directory + Extension, path = Path.Combine(folder, MadeOfFile);
        OutputFiles.CheckFolder(folder, sources, mayReplace: true, name =>
        {
            string whole = name.EndsWith(Temporary, StringComparison.Ordinal) ? name[..^Temporary.Length] : name;
            return name == MadeOfFile || whole == ShardMark.FileName || IsWritten(whole);
        });
        Directory.CreateDirectory(folder);
        if (!File.Exists(path) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new IOException($"{folder} is no unfinished conversion, and its name is needed for one; move it away.");
        FileStream stream = OutputFiles.Alone(directory, () => new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        try
        {
            string? difference = null;
            using (var reader = new StreamReader(stream, leaveOpen: true))
            {
                // Nothing is there when a run was stopped at its very beginning.
                if (reader.ReadLine() is { } line) difference = fingerprint.DifferenceFrom(line);
                else if (stream.Length == 0) difference = string.Empty;
            }

            if (difference is null) return new FolderPartial(directory, stream, mayReplace);
            foreach (string file in Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) != MadeOfFile)) File.Delete(file);
            stream.SetLength(0);
            using (var writer = new StreamWriter(stream, leaveOpen: true)) writer.WriteLine(fingerprint);
            stream.Flush(flushToDisk: true);
            return new FolderPartial(directory, stream, mayReplace) { WhyAnew = difference.Length > 0 ? difference : null };
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Says where the work begins, when an earlier run has left something.</summary>
    /// <param name="news">Hears it.</param>
    /// <param name="there">Bytes that are there.</param>
    /// <param name="total">Bytes of all.</param>
    public void Announce(IProgress<string>? news, long there, long total)
    {
        if (there > 0) news?.Report(string.Create(CultureInfo.InvariantCulture, $"Going on at {100.0 * there / total:f0} %, where an earlier run stopped."));
        else if (WhyAnew is { } why) news?.Report($"Beginning anew and not where an earlier run stopped, because {why}.");
    }

    /// <summary>Gives the folder its name. An older one goes first, with what conversions write and nothing else.</summary>
    /// <exception cref="IOException">Something else is in the older one.</exception>
    public void Publish()
    {
        Dispose();
        if (Directory.Exists(Target))
        {
            if (mayReplace)
            {
                foreach (string file in Directory.EnumerateFiles(Target).Where(file => IsWritten(Path.GetFileName(file)))) File.Delete(file);
            }

            Directory.Delete(Target);
        }

        Directory.Move(Folder, Target);
        File.Delete(Path.Combine(Target, MadeOfFile));
    }

    /// <summary>Closes it; what is there stays for the next run.</summary>
    public void Dispose() => madeOf.Dispose();
}
