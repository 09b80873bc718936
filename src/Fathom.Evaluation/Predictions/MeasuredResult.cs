namespace Fathom.Evaluation.Predictions;

/// <summary>A model beside its measurement.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Facts">Size and architecture.</param>
/// <param name="Result">What came out.</param>
/// <typeparam name="T">The kind of measurement.</typeparam>
public sealed record MeasuredResult<T>(string Name, ModelFacts Facts, T Result);
