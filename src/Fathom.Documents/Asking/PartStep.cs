namespace Fathom.Documents;

/// <summary>What a <see cref="PartReader"/> is about to do.</summary>
/// <param name="Part">The part that is read now, from 1; one more than <paramref name="Parts"/> while notes are combined.</param>
/// <param name="Parts">All parts.</param>
/// <param name="Notice">What the user should know, in one sentence; null for nothing.</param>
public readonly record struct PartStep(int Part, int Parts, string? Notice = null);
