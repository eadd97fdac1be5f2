using Coppice.Inference;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Training.Loop;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Progress;

/// <summary>Samples during a run, by the generator that <c>coppice generate</c> uses too.</summary>
internal sealed class GeneratedSamples : ISampleWriter
{
    public string Continue(LanguageModel model, Tokenizer tokenizer, string prompt, EvaluationSection settings, ulong seed, long step)
    {
        using var generator = new TextGenerator(model, tokenizer);
        return generator.Generate(prompt, new GenerationOptions
        {
            MaxTokens = settings.SampleTokens,
            Temperature = settings.SampleTemperature,
            TopK = settings.SampleTopK,
            TopP = 1,
            Seed = unchecked(seed + (ulong)step),
        }).Text;
    }
}
