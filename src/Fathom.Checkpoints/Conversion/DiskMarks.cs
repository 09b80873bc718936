using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Says of a file in the making how much of it is on the disk, so that a later run can go on there: first the data, then the word that they are there.</summary>
/// <param name="stream">Writes the file.</param>
/// <param name="handle">The file.</param>
/// <param name="there">What was said before.</param>
/// <param name="say">Says it, in whatever unit.</param>
internal sealed class DiskMarks(FileStream stream, SafeFileHandle handle, long there, Action<long> say)
{
    // What was said last; written by the task that says it.
    private long marked = there;
    private Task marking = Task.CompletedTask;

    /// <summary>Says so when the disk is free. It need not be waited for: what comes next is made while it writes.</summary>
    public void Soon(long whole)
    {
        if (marking.IsCompleted) Start(whole);
    }

    /// <summary>Says so, and waits for the disk.</summary>
    public void Now(long whole) => Start(whole).GetAwaiter().GetResult();

    /// <summary>Says so when it was not said yet; where the disk refuses, what was said before is still true.</summary>
    public void AtEnd(long whole)
    {
        try
        {
            if (whole > marked) Now(whole);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private Task Start(long whole)
    {
        marking.GetAwaiter().GetResult();
        stream.Flush();
        return marking = Task.Run(() =>
        {
            RandomAccess.FlushToDisk(handle);
            say(whole);
            marked = whole;
        });
    }
}
