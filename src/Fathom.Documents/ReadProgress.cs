namespace Fathom.Documents;

/// <summary>How far reading is.</summary>
/// <param name="Path">The file that comes now.</param>
/// <param name="Documents">Documents read so far.</param>
/// <param name="Characters">Characters read so far.</param>
public readonly record struct ReadProgress(string Path, int Documents, long Characters);
