namespace Fathom.Documents.Reading;

/// <summary>What may still be read, over all files of one call. Written only by the thread that reads at the moment.</summary>
internal sealed class ReadBudget(ReadOptions options)
{
    private long bytes;
    private long characters;
    private int files;

    public ReadOptions Options => options;

    public long Characters => characters;

    /// <summary>Whether more files than allowed were looked at; said once by the caller.</summary>
    public bool TakeFile() => ++files <= options.MaxFiles;

    public bool IsOutOfFiles => files > options.MaxFiles;

    /// <summary>Takes the bytes of a file, or refuses it.</summary>
    public void TakeBytes(long count)
    {
        if (count > options.MaxFileBytes) throw new SkipException(SkipReason.TooLarge, $"has {Sizes.Text(count)}, more than the {Sizes.Text(options.MaxFileBytes)} that one file may have; cut it, or raise the limit.");
        if (bytes + count > options.MaxTotalBytes) throw new SkipException(SkipReason.TooLarge, $"would be more than {Sizes.Text(options.MaxTotalBytes)} together with the files before it; name fewer files, or raise the limit.");
        bytes += count;
    }

    /// <summary>Takes the text of a document, or refuses it.</summary>
    public void TakeCharacters(long count)
    {
        if (characters + count > options.MaxTotalCharacters) throw new SkipException(SkipReason.TooLarge, $"holds {count:n0} characters, more than are left of the {options.MaxTotalCharacters:n0} for all documents; name fewer files, or raise the limit.");
        characters += count;
    }
}
