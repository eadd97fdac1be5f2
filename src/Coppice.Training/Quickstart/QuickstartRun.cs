using Coppice.Foundation;
using Coppice.Training.Data;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;

namespace Coppice.Training.Quickstart;

/// <summary>What a quickstart gave.</summary>
/// <param name="Run">The training run.</param>
/// <param name="BrotliBitsPerByte">Brotli at its strongest on the validation text.</param>
/// <param name="BelowBrotli">Whether the model needs fewer bits for a byte of it; null where the run was interrupted.</param>
public sealed record QuickstartResult(PretrainResult Run, double BrotliBitsPerByte, bool? BelowBrotli);

/// <summary>Everything at once, on text that is on every machine with a .NET SDK: a language model of the base class library's documentation.</summary>
public static class QuickstartRun
{
    private const int VocabularySize = 4096;
    private const int SequenceLength = 256;
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(3);

    /// <summary>The recipe for this machine: a model that fits its number of cores, and as many steps as it does in the time.</summary>
    /// <param name="minutes">How long training may take.</param>
    /// <param name="threads">How many threads compute; 0 for one per processor.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="notice">Receives a line about the speed.</param>
    public static Recipe RecipeFor(double minutes, int threads, long seed, Action<string> notice)
    {
        if (!(minutes > 0 && minutes <= 24 * 60)) throw CoppiceException.Usage("the quickstart's time lies between 0 and 1440 minutes");
        var cores = threads == 0 ? Environment.ProcessorCount : threads;
        // More cores train a wider model in the same time: about the square root more in each dimension that counts.
        var (layers, hidden, heads) = cores switch { <= 2 => (4, 192, 6), <= 4 => (6, 256, 8), <= 8 => (6, 320, 10), _ => (8, 384, 12) };
        var recipe = new Recipe
        {
            Seed = seed,
            Model = new ModelSection { Architecture = "llama", Layers = layers, HiddenSize = hidden, Heads = heads },
            Tokenizer = new TokenizerSection { Type = "byte_bpe", VocabularySize = VocabularySize },
            Data = new DataSection
            {
                Sources = [new SourceSection { Name = "dotnet-documentation", Paths = [SdkDocumentation.Find()] }],
                Validation = new ValidationSection { Split = ValidationSplit.Documents, Share = 0.02 },
            },
            Training = new TrainingSection { BatchSize = 16, SequenceLength = SequenceLength, CheckpointEvery = 100, KeepCheckpoints = 1, LogEvery = 5, Threads = threads, Steps = 1 },
            Optimizer = new OptimizerSection { LearningRate = 4e-3, Beta2 = 0.95, WeightDecay = 0.1 },
            // Its undecayed part leaves a trunk, which an update goes on from.
            Schedule = new ScheduleSection { Name = "wsd", DecayShare = 0.3 },
            Evaluation = new EvaluationSection
            {
                Every = 100, MaxTokens = 32_768, SampleEvery = 0, SampleTokens = 120, SampleTemperature = 0.7, SampleTopK = 50,
                SamplePrompts = ["System.IO.File.", "System.Collections.Generic.Dictionary", "The exception that is thrown when"],
            },
        }.Resolve();
        var configuration = ModelFactory.Configure(recipe.Model, VocabularySize);
        var rate = SpeedProbe.TokensPerSecond(configuration, recipe, ProbeTime);
        var steps = Math.Max(20, (long)(rate * minutes * 60 / recipe.Training.TokensPerStep));
        notice(FormattableString.Invariant($"this machine trains about {rate:N0} tokens a second: {steps:N0} steps in {minutes:0.#} minutes"));
        return recipe with
        {
            Training = recipe.Training with { Steps = steps },
            Schedule = recipe.Schedule with { WarmupSteps = Math.Max(5, steps / 20) },
        };
    }

    /// <summary>Trains and compares with Brotli.</summary>
    /// <param name="recipe">The recipe of <see cref="RecipeFor"/>, or that of the run that is gone on with.</param>
    /// <param name="runDirectory">The directory of the run.</param>
    /// <param name="resume">Go on with a run.</param>
    /// <param name="observers">See what happens.</param>
    /// <param name="samples">Writes samples.</param>
    /// <param name="notice">Receives lines about the stages.</param>
    /// <param name="cancellation">Interrupts, with everything saved.</param>
    public static QuickstartResult Execute(
        Recipe recipe, string runDirectory, bool resume, IReadOnlyList<IRunObserver> observers, ISampleWriter samples, Action<string> notice, CancellationToken cancellation)
    {
        var run = new PretrainRun(new PretrainRequest { Recipe = recipe, RunDirectory = runDirectory, Resume = resume, Notice = notice }, observers, samples);
        var result = run.Execute(cancellation);
        if (result.Interrupted) return new QuickstartResult(result, double.NaN, null);
        notice("compressing the validation text with Brotli at its strongest");
        var validation = recipe.Data.Sources.SelectMany(source => new SourceText(recipe, source).Validation(cancellation)).Select(document => document.Text);
        var brotli = BrotliBaseline.BitsPerByte(validation);
        return new QuickstartResult(result, brotli, result.ValidationBitsPerByte < brotli);
    }
}
