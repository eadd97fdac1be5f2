using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>What is measured and shown while the run goes on.</summary>
public sealed record EvaluationSection
{
    /// <summary>Steps between measurements of the validation loss; 0 means at the end only.</summary>
    [Range(0L, 1e15)]
    public long Every { get; init; } = 250;

    /// <summary>Tokens of the validation split that a measurement during the run reads; 0 means all. The one at the end always reads all.</summary>
    [Range(0L, 1e18)]
    public long MaxTokens { get; init; } = 65_536;

    /// <summary>Steps between samples of the model's text; 0 means at the end only.</summary>
    [Range(0L, 1e15)]
    public long SampleEvery { get; init; }

    /// <summary>Tokens of a sample.</summary>
    [Range(1, 1_000_000)]
    public int SampleTokens { get; init; } = 200;

    /// <summary>What samples begin with, one sample each; an empty list means no samples.</summary>
    public ValueList<string> SamplePrompts { get; init; } = ["\n"];

    /// <summary>The temperature of samples; 0 takes the most likely token.</summary>
    [Range(0.0, 100.0)]
    public double SampleTemperature { get; init; } = 0.8;

    /// <summary>How many of the most likely tokens samples choose from; 0 means all.</summary>
    [Range(0, 10_000_000)]
    public int SampleTopK { get; init; } = 200;
}
