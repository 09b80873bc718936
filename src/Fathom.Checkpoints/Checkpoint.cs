namespace Fathom.Checkpoints;

/// <summary>
/// An opened checkpoint folder of the official layout: config, mapped files, and every tensor checked against what
/// the config implies. What is there is decided by the tensors, never by flags.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private readonly List<SafetensorsFile> files;
    private readonly Dictionary<string, StoredTensor> tensors;

    private Checkpoint(string directory, V4Config config, List<SafetensorsFile> files, Dictionary<string, StoredTensor> tensors)
    {
        Directory = directory;
        Config = config;
        this.files = files;
        this.tensors = tensors;
    }

    /// <summary>The folder.</summary>
    public string Directory { get; }

    /// <summary>The architecture.</summary>
    public V4Config Config { get; }

    /// <summary>Whether an MTP block is present: <c>mtp.0.enorm.weight</c> exists.</summary>
    public bool HasMultiTokenPrediction { get; private init; }

    /// <summary>All tensors of all files, those that plain inference ignores included.</summary>
    public IReadOnlyCollection<StoredTensor> Tensors => tensors.Values;

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes => tensors.Values.Sum(tensor => tensor.ByteLength);

    /// <summary>Whether the scales of routed experts were all looked at on opening; in very large checkpoints each expert's are checked at its first use.</summary>
    public bool ExpertScalesAreChecked { get; private init; }

    /// <summary>A tensor by name.</summary>
    /// <exception cref="CheckpointException">There is none of this name.</exception>
    public StoredTensor this[string name] => TryGet(name, out StoredTensor tensor)
        ? tensor
        : throw new CheckpointException(Directory, name, "this tensor", "none");

    /// <summary>Opens a folder and checks it.</summary>
    /// <param name="directory">Folder with config.json and either model.safetensors or shards with model.safetensors.index.json.</param>
    /// <exception cref="CheckpointException">Anything is missing, damaged or of another architecture.</exception>
    public static Checkpoint Open(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        if (!System.IO.Directory.Exists(directory))
            throw new CheckpointException(directory, null, "a checkpoint folder", "no such folder", "check the path");
        V4Config config = V4Config.Read(Path.Combine(directory, "config.json"));
        var files = new List<SafetensorsFile>();
        try
        {
            Dictionary<string, StoredTensor> tensors = ShardSet.Open(directory, files);
            bool hasPrediction = tensors.ContainsKey("mtp.0.enorm.weight");
            bool scalesChecked = new CheckpointValidator(directory, config, tensors).Validate(hasPrediction);
            return new Checkpoint(directory, config, files, tensors)
            {
                HasMultiTokenPrediction = hasPrediction,
                ExpertScalesAreChecked = scalesChecked,
            };
        }
        catch
        {
            foreach (SafetensorsFile file in files) file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by name.</summary>
    public bool TryGet(string name, out StoredTensor tensor)
    {
        bool found = tensors.TryGetValue(name, out StoredTensor? value);
        tensor = value!;
        return found;
    }

    /// <summary>Unmaps all files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in files) file.Dispose();
    }
}
