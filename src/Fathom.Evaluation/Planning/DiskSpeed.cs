namespace Fathom.Evaluation.Planning;

/// <summary>How fast experts come from a disk, and what that takes from those who compute: reads need the processor too, those of a virtual disk more than others.</summary>
/// <param name="BytesPerSecond">While nobody computes.</param>
/// <param name="BusyBytesPerSecond">While all threads compute.</param>
/// <param name="ComputeShare">What computing keeps of its speed meanwhile, above 0 and at most 1.</param>
public sealed record DiskSpeed(double BytesPerSecond, double BusyBytesPerSecond, double ComputeShare)
{
    /// <summary>Seconds of computing and reading side by side: both at their shared speeds as long as both have something to do, then the longer one alone.</summary>
    /// <param name="seconds">What computing takes alone.</param>
    /// <param name="bytes">What is to be read.</param>
    public double Together(double seconds, double bytes)
    {
        double both = Math.Min(seconds / ComputeShare, bytes / BusyBytesPerSecond);
        return both + (seconds - (both * ComputeShare)) + ((bytes - (both * BusyBytesPerSecond)) / BytesPerSecond);
    }
}
