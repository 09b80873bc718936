using Fathom.Checkpoints;

namespace Fathom.Model.Streaming;

/// <summary>The files that experts are read from; tests put failing and slow ones here.</summary>
internal unsafe interface IExpertFiles : IDisposable
{
    /// <summary>Path of a file.</summary>
    string PathOf(int file);

    /// <summary>Reads, as <see cref="UnbufferedFile.Read"/>.</summary>
    int Read(int file, long offset, byte* target, int count);
}

/// <summary>Files past the page cache.</summary>
internal sealed unsafe class UnbufferedFiles(IReadOnlyList<string> paths) : IExpertFiles
{
    private readonly UnbufferedFile[] files = [.. paths.Select(UnbufferedFile.Open)];

    public string PathOf(int file) => files[file].Path;

    public int Read(int file, long offset, byte* target, int count) => files[file].Read(offset, target, count);

    public void Dispose()
    {
        foreach (UnbufferedFile file in files) file.Dispose();
    }
}
